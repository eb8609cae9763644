package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** F-50, F-35: what must stay with the process, and what must stay with the thread. */
@Tag("forked")
final class InheritanceIT {
    private static final int O_CLOEXEC = 02000000;

    /** The program is started without the JDK, whose own way of starting one closes every descriptor anyhow. */
    @Test
    void startedProgramInheritsNoSocketAndNoRing() throws IOException {
        try (Child child = Child.start()) {
            Answer opened = child.ask("open io_uring");
            assertThat(opened.status()).as(opened.toString()).isEqualTo(Answer.OK);
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), (int) opened.number("port"))) {
                client.getOutputStream().write(1);
                assertThat(client.getInputStream().read()).isEqualTo(1); // the accepted socket is there
                ClosingAudit held = ClosingAudit.of(child.pid());
                assertThat(held.descriptors("socket")).isGreaterThanOrEqualTo(2);
                assertThat(held.descriptors("io_uring")).isEqualTo(1);
                assertThat(held.descriptors("eventfd")).isEqualTo(1);

                long sleeper = child.ask("spawn 30").number("pid");
                try {
                    ClosingAudit inherited = ClosingAudit.of(sleeper);
                    assertThat(inherited.descriptors()).isEmpty();
                    assertThat(inherited.ringMappings()).isZero();
                } finally {
                    ProcessHandle.of(sleeper).ifPresent(ProcessHandle::destroyForcibly);
                }
                assertThat(descriptorsThatAProgramWouldInherit(child.pid())).isEmpty();
            }
        }
    }

    @Test
    void turningAnEngineFromAnotherThreadIsAMistakeThatNamesItself() {
        try (Child child = Child.start()) {
            Answer opened = child.ask("open io_uring");
            Answer foreign = child.ask("foreign");
            assertThat(foreign.text("thrown")).isEqualTo("WrongThreadException");
            assertThat(foreign.text("executedOn")).isEqualTo(ChildEcho.LOOP_NAME);
            assertGoesOn(child, opened);
        }
    }

    @Test
    void turningAnEngineFromAnotherThreadFailsWithoutAssertionsToo() {
        try (Child child = Child.withoutAssertions()) {
            Answer opened = child.ask("open io_uring");
            assertThat(child.ask("foreign").text("thrown")).isIn("WrongThreadException", "IllegalStateException");
            assertGoesOn(child, opened);
        }
    }

    private static void assertGoesOn(Child child, Answer opened) {
        ChecksumClient.echo((int) opened.number("port"), 256 << 10, 35);
        assertThat(child.ask("close").text("leaks")).isEmpty();
        assertThat(child.errors()).doesNotContain("EEXIST");
    }

    private static List<String> descriptorsThatAProgramWouldInherit(long pid) throws IOException {
        List<String> found = new ArrayList<>();
        Path process = Path.of("/proc/" + pid);
        try (Stream<Path> fds = Files.list(process.resolve("fd"))) {
            for (Path fd : fds.toList()) {
                String link = Files.readSymbolicLink(fd).toString();
                boolean ours = link.startsWith("socket:") || link.startsWith("anon_inode:");
                if (ours && (flags(process.resolve("fdinfo").resolve(fd.getFileName())) & O_CLOEXEC) == 0) {
                    found.add(fd.getFileName() + " " + link);
                }
            }
        }
        return found;
    }

    private static long flags(Path fdinfo) throws IOException {
        String line = Files.readAllLines(fdinfo).stream()
                .filter(info -> info.startsWith("flags:")).findFirst().orElseThrow();
        return Long.parseLong(line.substring("flags:".length()).strip(), 8);
    }
}
