package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** F-27, F-28: {@code io_uring_enter} comes back without having done or waited; nothing may be lost, repeated or blamed. */
@Tag("forked")
@Tag("faults")
final class InterruptedEnterIT {
    private static final long BYTES = 8 << 20;
    private static final int SYS_KILL = 62;
    private static final int SYS_TGKILL = 234;
    private static final int SIGPIPE = 13;
    private static final int SIGCONT = 18;
    private static final int SIGSTOP = 19;

    @ParameterizedTest
    @ValueSource(strings = {"EINTR", "EAGAIN", "EBUSY", "ETIME"})
    void everyThirdEnterFails(String errno) {
        try (Strace strace = Strace.open()) {
            try (Child child = strace.inject("io_uring_enter", "error=" + errno + ":when=2+3")) {
                ClosingAudit before = ClosingAudit.of(child.pid());
                Answer opened = child.ask("open io_uring");
                assertThat(opened.status()).as(opened.toString()).isEqualTo(Answer.OK);

                ChecksumClient.echo((int) opened.number("port"), BYTES, 27);

                Answer closed = child.ask("close");
                assertThat(closed.number("bytesIn")).isEqualTo(BYTES);
                assertThat(closed.number("bytesOut")).isEqualTo(BYTES);
                assertThat(closed.text("leaks")).isEmpty();
                before.requireNoMore();
            }
            assertThat(strace.injected(errno)).isGreaterThan(10);
        }
    }

    /** The very first enter is the one that finds out whether enter is permitted. */
    @ParameterizedTest
    @ValueSource(strings = {"EINTR", "EAGAIN"})
    void firstEnterMayBeInterruptedToo(String errno) {
        try (Strace strace = Strace.open()) {
            try (Child child = strace.inject("io_uring_enter", "error=" + errno + ":when=1+3")) {
                Answer opened = child.ask("open io_uring");
                assertThat(opened.status()).as(opened.toString()).isEqualTo(Answer.OK);
                ChecksumClient.echo((int) opened.number("port"), 1 << 20, 28);
                assertThat(child.ask("close").text("leaks")).isEmpty();
            }
            assertThat(strace.injected(errno)).isPositive();
        }
    }

    @Test
    void stormOfSignalsToTheLoop() throws IOException, InterruptedException {
        try (Child child = Child.start()) {
            ClosingAudit before = ClosingAudit.of(child.pid());
            Answer opened = child.ask("open io_uring");
            long loop = thread(child.pid(), ChildEcho.LOOP_NAME);

            // the loop is idle: what makes it turn now is the signals
            long entersIdle = child.ask("stats").number("enters");
            Storm idle = Storm.start(child.pid(), loop);
            waitFor(() -> child.ask("stats").number("enters") > entersIdle + 200);
            assertThat(idle.end()).isGreaterThan(100); // a stop interrupts as well

            Storm busy = Storm.start(child.pid(), loop);
            ChecksumClient.echo((int) opened.number("port"), BYTES, 29);
            assertThat(busy.end()).isPositive();

            Answer closed = child.ask("close");
            assertThat(closed.number("bytesOut")).isEqualTo(BYTES);
            assertThat(closed.text("leaks")).isEmpty();
            before.requireNoMore();
        }
    }

    private interface Condition {
        boolean holds();
    }

    private static void waitFor(Condition condition) throws InterruptedException {
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (!condition.holds()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.sleep(20);
        }
    }

    private static long thread(long pid, String name) throws IOException {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
            List<Path> found = tasks.filter(task -> name.equals(comm(task))).toList();
            assertThat(found).hasSize(1);
            return Long.parseLong(found.getFirst().getFileName().toString());
        }
    }

    private static String comm(Path task) {
        try {
            return Files.readString(task.resolve("comm")).strip();
        } catch (IOException ended) {
            return "";
        }
    }

    /**
     * A thousand signals a second to one thread, each with a handler (the JVM's, which ignores it) so that it interrupts,
     * and every tenth time the whole process is stopped and continued. A lone SIGCONT would not even wake it.
     */
    private static final class Storm {
        private final AtomicBoolean ending = new AtomicBoolean();
        private final Thread thread;
        private long sent;

        private Storm(long pid, long loop) {
            thread = Thread.ofPlatform().name("storm").start(() -> {
                while (!ending.get()) {
                    long result = Native.syscall(SYS_TGKILL, pid, loop, SIGPIPE);
                    if (result == 0 && ++sent % 10 == 0) {
                        Native.syscall(SYS_KILL, pid, SIGSTOP);
                        Native.syscall(SYS_KILL, pid, SIGCONT);
                    }
                    pause();
                }
            });
        }

        static Storm start(long pid, long loop) {
            return new Storm(pid, loop);
        }

        /** The number of signals that were delivered to the thread. */
        long end() throws InterruptedException {
            ending.set(true);
            thread.join();
            return sent;
        }

        private static void pause() {
            java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
        }
    }
}
