package io.hotpath.samples.chat;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.samples.Child;
import io.hotpath.samples.Tool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Members with nc and socat. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ChatIT {
    @Test
    void memberOfNcAndMemberOfSocatHearEachOther() throws Exception {
        try (Child chat = Child.start(ChatMain.class, "--port", "0")) {
            String port = Integer.toString(chat.awaitPort());
            try (Tool nc = Tool.start("netcat-openbsd", "nc", "-N", "127.0.0.1", port)) {
                assertThat(nc.type("first\n").line()).isEqualTo("guest-1: first");
                try (Tool socat = Tool.start("socat", "socat", "-t30", "-", "TCP:127.0.0.1:" + port)) {
                    assertThat(socat.type("hi from socat\n").line()).isEqualTo("guest-2: hi from socat");
                    assertThat(nc.line()).isEqualTo("guest-2: hi from socat");
                    nc.type("hi from nc\n").end();
                    assertThat(nc.lines()).containsExactly("guest-1: hi from nc");
                    assertThat(socat.end().lines()).containsExactly("guest-1: hi from nc");
                }
            }
            chat.endsInOrder();
        }
    }

    @Test
    void anNcWhoseOutputNobodyReadsSlowsNobody() throws Exception {
        int lines = 60_000;
        byte[] line = ("x".repeat(500) + "\n").getBytes(ISO_8859_1);
        try (Child chat = Child.start(ChatMain.class, "--port", "0")) {
            int port = chat.awaitPort();
            try (Tool slow = Tool.start("netcat-openbsd", "nc", "-N", "-I", "4096", "127.0.0.1", "" + port)) {
                // Members are numbered as they come: the second connects when the first is known.
                assertThat(slow.type("here\n").line()).isEqualTo("guest-1: here");
                try (Socket fast = new Socket(InetAddress.getLoopbackAddress(), port)) {
                    fast.setSoTimeout(30_000);
                    Thread reader = Thread.startVirtualThread(() -> readAll(fast));
                    for (int i = 0; i < lines; i++) {
                        fast.getOutputStream().write(line);
                    }
                    fast.shutdownOutput();
                    reader.join();
                }
                slow.end(); // 30 MB behind, which is more than the sockets and the pipe hold
                assertThat(slow.out().lines()).anyMatch(text -> text.startsWith("* you missed "));
            }
            chat.endsInOrder();
        }
    }

    private static void readAll(Socket socket) {
        try {
            socket.getInputStream().readAllBytes();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
