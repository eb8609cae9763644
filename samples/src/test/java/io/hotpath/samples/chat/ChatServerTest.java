package io.hotpath.samples.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.kernel.sim.SimFaults;
import io.hotpath.reactor.HotpathTest;
import io.hotpath.reactor.HotpathTestPeer;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.test.StepVerifier;

class ChatServerTest {
    @Test
    void everybodyHearsWhatOneSays() {
        try (HotpathTest test = HotpathTest.server(ChatServer.create())) {
            HotpathTestPeer ann = test.connect();
            HotpathTestPeer bob = test.connect();
            StepVerifier.create(bob.receivedLines())
                    .then(() -> ann.send("hel"))
                    .then(() -> ann.send("lo\r\nI am Ann\n"))
                    .expectNext("guest-1: hello", "guest-1: I am Ann")
                    .then(() -> bob.send("hi\n"))
                    .expectNext("guest-2: hi")
                    .then(bob::finish)
                    .verifyComplete();
            ann.send("bye\n");
            assertThat(ann.takeText())
                    .isEqualTo("guest-1: hello\nguest-1: I am Ann\nguest-2: hi\nguest-1: bye\n");
        }
    }

    @Test
    void aMemberWhoDoesNotReadMissesTheOldestLinesAndSlowsNobody() {
        int lines = 5000;
        String text = "x".repeat(200);
        try (HotpathTest test = HotpathTest.server(ChatServer.create())) {
            HotpathTestPeer speaker = test.connect();
            HotpathTestPeer slow = test.connect();
            HotpathTestPeer other = test.connect();
            slow.window(0);
            for (int i = 0; i < lines; i++) {
                speaker.send(i + text + "\n");
            }
            List<String> heard = other.takeText().lines().toList();
            assertThat(heard).hasSize(lines);
            assertThat(heard.getLast()).startsWith("guest-1: " + (lines - 1) + "x");

            slow.window(Integer.MAX_VALUE);
            List<String> late = slow.takeText().lines().toList();
            List<String> notices = late.stream().filter(line -> line.startsWith("*")).toList();
            assertThat(late.getFirst()).startsWith("guest-1: 0x");
            assertThat(late.getLast()).startsWith("guest-1: " + (lines - 1) + "x");
            assertThat(notices).hasSize(1);
            int missed = Integer.parseInt(notices.getFirst().replaceAll("\\D", ""));
            assertThat(late.size() - 1 + missed).isEqualTo(lines);
            assertThat(late.size()).as("lines kept for it").isBetween(Member.BEHIND_MAX, 3 * Member.BEHIND_MAX);
        }
    }

    @Test
    void aLineThatIsTooLongEndsItsMemberOnly() {
        try (HotpathTest test = HotpathTest.server(ChatServer.create())) {
            HotpathTestPeer loud = test.connect();
            HotpathTestPeer other = test.connect();
            loud.send("x".repeat(ChatServer.LINE_BYTES_MAX + 1));
            assertThat(loud.sawReset()).isTrue();
            other.send("quiet again\n");
            assertThat(other.takeText()).isEqualTo("guest-2: quiet again\n");
        }
    }

    @Test
    void membersComeAndGoUnderFaults() {
        for (long seed = 1; seed <= 20; seed++) {
            try (HotpathTest test =
                    HotpathTest.setup().seed(seed).faults(SimFaults.mild()).buffers(4, 16)
                            .server(ChatServer.create())) {
                HotpathTestPeer stays = test.connect();
                HotpathTestPeer leaves = test.connect();
                leaves.sendInPieces("one\ntwo\n");
                leaves.reset();
                test.forceUnhealthy();
                stays.sendInPieces("three\n");
                stays.finish();
                assertThat(stays.takeText()).isEqualTo("guest-2: one\nguest-2: two\nguest-1: three\n");
            }
        }
    }
}
