package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.Errno;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * F-40, F-41, F-48: the host's own switch. Every child is started and warm before the switch is thrown, so that the rest
 * of the machine feels it for milliseconds only.
 */
@Tag("forked")
@Tag("faults")
final class RefusedBySysctlIT {
    private static final int NOBODY = 65534;
    private static final List<String> AS_NOBODY = List.of(
            "setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups", "--inh-caps=-all");

    @Test
    void forbiddenToAllFailsTheStartAndIsForgottenWhenPermittedAgain() {
        try (Child child = warm(Child.start())) {
            ClosingAudit before = ClosingAudit.of(child.pid());
            Answer raw;
            Answer refused;
            try (Sysctl sysctl = Sysctl.take()) {
                sysctl.set(Sysctl.URING_DISABLED, 2);
                raw = child.ask("raw");
                refused = child.ask("open io_uring");
            }
            assertRefused(raw, refused);
            assertThat(refused.message())
                    .contains("kernel.io_uring_disabled is 2, which forbids it to everybody: set it to 0");
            before.requireNoMore();

            assertEchoes(child.ask("open io_uring"), "io_uring"); // F-48: the answer was not remembered
            assertThat(child.ask("close").text("leaks")).isEmpty();
            before.requireNoMore();
        }
    }

    @Test
    void ringsThatWereOpenGoOn() {
        try (Child child = Child.start()) {
            Answer opened = child.ask("open io_uring");
            try (Sysctl sysctl = Sysctl.take()) {
                sysctl.set(Sysctl.URING_DISABLED, 2);
                assertThat(child.ask("raw").text("setup")).isEqualTo("EPERM");
                assertEchoes(opened, "io_uring");
            }
        }
    }

    @Test
    void programThatRequiresItExitsWithTheReason() {
        Child.Ended ended;
        try (Child program = Child.program("io_uring"); Sysctl sysctl = Sysctl.take()) {
            sysctl.set(Sysctl.URING_DISABLED, 2);
            ended = program.runProgram();
        }
        assertThat(ended.exitCode()).isNotZero();
        assertThat(ended.errors()).contains("io_uring_setup: EPERM").contains("kernel.io_uring_disabled is 2");
    }

    @Test
    void forbiddenToAllRunsOnTheNextKernelUnderPolicyAutoUntilItIsPermitted() {
        Tools.requireFallback();
        try (Child child = warm(Child.start())) {
            ClosingAudit before = ClosingAudit.of(child.pid());
            Answer raw;
            Answer opened;
            try (Sysctl sysctl = Sysctl.take()) {
                sysctl.set(Sysctl.URING_DISABLED, 2);
                raw = child.ask("raw");
                opened = child.ask("open auto");
            }
            assertThat(raw.text("setup")).isEqualTo("EPERM");
            assertEchoes(opened, "epoll");
            assertThat(child.errors()).contains("kernel.io_uring_disabled is 2");
            assertThat(child.ask("close").text("leaks")).isEmpty();
            before.requireNoMore();

            assertEchoes(child.ask("open auto"), "io_uring");
            child.ask("close");
            before.requireNoMore();
        }
    }

    @Test
    void restrictedToAGroupLetsInTheGroupAndThePrivileged() {
        Tools.require("setpriv");
        Tools.requireRoot();
        try (ReadableClasses classes = ReadableClasses.copy();
                Child nobody = warm(classes.child(AS_NOBODY));
                Child root = warm(Child.start())) {
            ClosingAudit before = ClosingAudit.of(nobody.pid());
            Answer raw;
            Answer refused;
            Answer privileged;
            Answer inGroup;
            try (Sysctl sysctl = Sysctl.take()) {
                sysctl.set(Sysctl.URING_DISABLED, 1);
                raw = nobody.ask("raw");
                refused = nobody.ask("open io_uring");
                privileged = root.ask("open io_uring");
                sysctl.set(Sysctl.URING_GROUP, NOBODY);
                inGroup = nobody.ask("open io_uring");
            }
            assertRefused(raw, refused);
            assertThat(refused.message())
                    .contains("kernel.io_uring_disabled is 1")
                    .contains("kernel.io_uring_group (none)")
                    .contains("put this process into that group");
            assertEchoes(privileged, "io_uring");
            assertEchoes(inGroup, "io_uring");
            assertThat(nobody.ask("close").text("leaks")).isEmpty();
            before.requireNoMore();
        }
    }

    @Test
    void settingIsRestoredAlsoAfterAKill() throws IOException {
        String before = Sysctl.text(Sysctl.URING_DISABLED);
        try (Sysctl sysctl = Sysctl.take()) {
            sysctl.set(Sysctl.URING_DISABLED, 1);
            assertThat(Sysctl.text(Sysctl.URING_DISABLED)).isEqualTo("1");
            sysctl.endWatchAsAKillWould();
            assertThat(Sysctl.text(Sysctl.URING_DISABLED)).isEqualTo(before);
        }
        assertThat(Sysctl.text(Sysctl.URING_DISABLED)).isEqualTo(before);
    }

    /** Everything that opening an engine loads is loaded. */
    private static Child warm(Child child) {
        assertThat(child.ask("open io_uring").status()).isEqualTo(Answer.OK);
        child.ask("close");
        return child;
    }

    private static void assertRefused(Answer raw, Answer refused) {
        assertThat(raw.text("setup")).isEqualTo("EPERM"); // it happened
        assertThat(raw.text("enter")).isEqualTo("EBADF"); // and only there
        assertThat(refused.status()).isEqualTo(Answer.REFUSED);
        assertThat(refused.text("reason")).isEqualTo("SYSCTL");
        assertThat(refused.text("errno")).isEqualTo(Errno.name(Errno.EPERM));
    }

    private static void assertEchoes(Answer opened, String kernel) {
        assertThat(opened.status()).as(opened.toString()).isEqualTo(Answer.OK);
        assertThat(opened.text("kernel")).isEqualTo(kernel);
        ChecksumClient.echo((int) opened.number("port"), 256 << 10, 7);
    }
}
