package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** F-46 for real, F-47, F-69: limits of the process, and a host that shows less of itself. */
@Tag("forked")
@Tag("faults")
final class LimitsIT {
    private static final long PAGE = 4096;
    private static final AtomicInteger USERS = new AtomicInteger(61_000);

    /** Rings of the unprivileged count against the limit, up to 5.11 and, seen here, on 6.18. */
    @Test
    void littleLockedMemoryMakesASmallerRing() throws IOException {
        try (ReadableClasses classes = ReadableClasses.copy();
                Child ringOnly = classes.child(withLockedMemory(16 * PAGE));
                Child child = classes.child(withLockedMemory(16 * PAGE))) {
            assertThat(Limits.soft(child.pid(), "Max locked memory")).isEqualTo(16 * PAGE);
            Answer ring = ringOnly.ask("ring"); // as asked for it takes 17 pages
            assertThat(ring.status()).as(ring.toString()).isEqualTo(Answer.OK);
            Tools.require(ring.number("cqEntries") < 2048, "this kernel does not count rings as locked memory");

            ClosingAudit before = ClosingAudit.of(child.pid());
            Answer opened = child.ask("open io_uring");
            assertThat(opened.status()).as(opened.toString()).isEqualTo(Answer.OK);
            ChecksumClient.echo((int) opened.number("port"), 1 << 20, 47);
            assertThat(child.ask("close").text("leaks")).isEmpty();
            before.requireNoMore();
        }
    }

    /** One page is not enough for the smallest ring, three are not enough for its two buffer rings too. */
    @ParameterizedTest
    @CsvSource({"1, io_uring_setup", "3, registering a buffer ring"})
    void hardlyAnyLockedMemoryFailsTheStartWithTheLimitToRaise(int pages, String step) {
        try (ReadableClasses classes = ReadableClasses.copy();
                Child child = classes.child(withLockedMemory(pages * PAGE))) {
            ClosingAudit before = ClosingAudit.of(child.pid());
            Answer refused = child.ask("open io_uring");
            Tools.require(!refused.status().equals(Answer.OK), "this kernel does not count rings as locked memory");

            assertThat(refused.status()).as(refused.toString()).isEqualTo(Answer.REFUSED);
            assertThat(refused.message()).startsWith(step).contains("ENOMEM").contains("ulimit -l");
            before.requireNoMore();
        }
    }

    @ParameterizedTest
    @CsvSource({"1", "3"})
    void hardlyAnyLockedMemoryRunsOnTheNextKernelUnderPolicyAuto(int pages) {
        Tools.requireFallback();
        try (ReadableClasses classes = ReadableClasses.copy();
                Child child = classes.child(withLockedMemory(pages * PAGE))) {
            Answer opened = child.ask("open auto");
            Tools.require(!"io_uring".equals(opened.text("kernel")),
                    "this kernel does not count rings as locked memory");

            assertThat(opened.text("kernel")).as(opened.toString()).isEqualTo("epoll");
            ClosingAudit before = ClosingAudit.of(child.pid());
            assertThat(before.descriptors("io_uring")).isZero();
            ChecksumClient.echo((int) opened.number("port"), 1 << 20, 47);
            assertThat(child.ask("close").text("leaks")).isEmpty();
        }
    }

    /** No descriptor for a ring is no descriptor for epoll: that is not hidden. */
    @Test
    void noDescriptorLeftFailsTheStartUnderPolicyAutoToo() {
        Tools.require("prlimit");
        try (Child child = Child.start()) {
            assertThat(child.ask("open auto").status()).isEqualTo(Answer.OK);
            child.ask("close");
            ClosingAudit before = ClosingAudit.of(child.pid());
            Limits.setOpenFiles(child.pid(), 4);
            Answer refused = child.ask("open auto");
            Limits.setOpenFiles(child.pid(), 4096);

            assertThat(refused.text("reason")).as(refused.toString()).isEqualTo("DESCRIPTORS");
            assertThat(refused.message()).contains("EMFILE").contains("ulimit -n");
            before.requireNoMore();
        }
    }

    /** Each start with one descriptor more than the last, until one succeeds: every step that needs one fails once. */
    @Test
    void noDescriptorLeftFailsTheStartAndLeavesNone() {
        Tools.require("prlimit");
        try (Child child = Child.start()) {
            assertThat(child.ask("open io_uring").status()).isEqualTo(Answer.OK); // loads what it needs
            child.ask("close");
            Limits.setOpenFiles(child.pid(), 4); // below what is open: HostFacts can read nothing either
            Answer first = child.ask("open io_uring");
            Limits.setOpenFiles(child.pid(), 4096);
            ClosingAudit before = ClosingAudit.of(child.pid());
            assertThat(first.text("reason")).as(first.toString()).isEqualTo("DESCRIPTORS");

            int highest = Limits.highestDescriptor(child.pid());
            int refusals = 0;
            for (int free = 0; free < 8; free++) {
                Limits.setOpenFiles(child.pid(), highest + 1 + free);
                Answer answer = child.ask("open io_uring");
                Limits.setOpenFiles(child.pid(), 4096);
                if (answer.status().equals(Answer.OK)) {
                    child.ask("close");
                    break;
                }
                refusals++;
                assertThat(answer.text("errno")).as(answer.toString()).isIn("EMFILE", null);
                assertThat(answer.message()).contains("EMFILE");
                before.requireNoMore();
            }
            assertThat(refusals).isBetween(1, 7);
            before.requireNoMore();
        }
    }

    @Test
    void hostWithoutProcAndSysAndWithAReadOnlyRoot() {
        Tools.requireRoot();
        Tools.require("unshare");
        String hide = "export LD_LIBRARY_PATH=" + System.getProperty("java.home")
                + "/lib && mount -t tmpfs none /sys && mount -o remount,bind,ro / && mount -t tmpfs none /proc"
                + " && exec \"$@\"";
        List<String> bare = List.of("unshare", "--mount", "--propagation", "private", "sh", "-c", hide, "sh");
        try (Child child = Child.under(bare)) {
            assertThat(Path.of("/proc/" + child.pid() + "/root/proc/self")).doesNotExist();
            assertThat(Path.of("/proc/" + child.pid() + "/root/sys/kernel")).doesNotExist();
            ClosingAudit before = ClosingAudit.of(child.pid());

            Answer opened = child.ask("open io_uring");

            assertThat(opened.status()).as(opened.toString()).isEqualTo(Answer.OK);
            ChecksumClient.echo((int) opened.number("port"), 1 << 20, 69);
            assertThat(child.ask("close").text("leaks")).isEmpty();
            before.requireNoMore();

            // and a refusal still finds words
            child.ask("filter 425,426,427 1");
            Answer refused = child.ask("open io_uring");
            assertThat(refused.text("reason")).isEqualTo("BLOCKED");
            assertThat(refused.message()).contains("seccomp profile must permit");
            before.requireNoMore();
        }
    }

    /** A user of its own, because root is not limited and the memory is counted by user, for all its processes. */
    private static List<String> withLockedMemory(long bytes) {
        Tools.requireRoot();
        Tools.require("prlimit");
        Tools.require("setpriv");
        int user = USERS.getAndIncrement();
        return List.of(
                "prlimit", "--memlock=" + bytes + ':' + bytes, "setpriv", "--reuid=" + user, "--regid=" + user,
                "--clear-groups", "--inh-caps=-all");
    }
}
