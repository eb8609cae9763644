package io.hotpath.kernel.linux;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.Errno;
import io.hotpath.kernel.KernelRefused;
import io.hotpath.kernel.KernelRefused.Reason;
import org.assertj.core.api.AbstractStringAssert;
import org.junit.jupiter.api.Test;

final class RefusalTest {
    private static final int EOPNOTSUPP_OF_A_PROFILE = Errno.EOPNOTSUPP;

    private static final HostFacts OPEN = new HostFacts(0, -1, 0);
    private static final HostFacts CONTAINER = new HostFacts(0, -1, 2);
    private static final HostFacts OLD = new HostFacts(HostFacts.UNKNOWN, HostFacts.UNKNOWN, 0);

    @Test
    void namesTheSysctlAndItsValue() {
        assertRefused(Errno.EPERM, new HostFacts(2, -1, 0), Reason.SYSCTL)
                .contains("io_uring_setup: EPERM")
                .contains("kernel.io_uring_disabled is 2")
                .contains("set it to 0");
        assertRefused(Errno.EPERM, new HostFacts(1, 994, 2), Reason.SYSCTL)
                .contains("kernel.io_uring_disabled is 1")
                .contains("kernel.io_uring_group (994)");
        assertRefused(Errno.EPERM, new HostFacts(1, -1, 0), Reason.SYSCTL).contains("kernel.io_uring_group (none)");
    }

    @Test
    void namesSeccompWhereThereIsAFilter() {
        assertRefused(Errno.EPERM, CONTAINER, Reason.BLOCKED).contains("seccomp filter").contains("425, 426, 427");
        assertRefused(Errno.ENOSYS, CONTAINER, Reason.BLOCKED).contains("seccomp filter");
        assertRefused(EOPNOTSUPP_OF_A_PROFILE, CONTAINER, Reason.BLOCKED).contains("seccomp filter");
    }

    @Test
    void namesASecurityModuleWhereThereIsNoFilter() {
        assertRefused(Errno.EACCES, OPEN, Reason.BLOCKED).contains("no seccomp filter").contains("SELinux");
    }

    @Test
    void namesTheKernelWhereItHasNoIoUring() {
        assertRefused(Errno.ENOSYS, OLD, Reason.TOO_OLD).contains("Linux 6.0");
        assertRefused(Errno.EINVAL, OPEN, Reason.TOO_OLD).contains("Linux 6.0");
        assertRefused(Errno.ENOSYS, OPEN, Reason.BLOCKED);
    }

    @Test
    void namesTheLimitThatIsReached() {
        assertRefused(Errno.ENOMEM, OPEN, Reason.MEMLOCK).contains("ulimit -l");
        assertRefused(Errno.EMFILE, OPEN, Reason.DESCRIPTORS).contains("ulimit -n");
        assertRefused(Errno.ENFILE, OPEN, Reason.DESCRIPTORS).contains("fs.file-max");
    }

    @Test
    void admitsThatItDoesNotKnow() {
        assertRefused(Errno.EIO, OPEN, Reason.OTHER).contains("EIO");
    }

    @Test
    void laterStepIsNotBlamedOnTheSysctl() {
        KernelRefused refused = Refusal.ofStep("io_uring_enter", Errno.EPERM);

        assertThat(refused.reason()).isEqualTo(Reason.BLOCKED);
        assertThat(refused.operation()).isEqualTo("io_uring_enter");
        assertThat(refused.errno()).isEqualTo(Errno.EPERM);
    }

    @Test
    void readsTheFactsOfThisHost() {
        HostFacts facts = HostFacts.read();

        assertThat(facts.disabled()).isIn(HostFacts.UNKNOWN, 0, 1, 2);
        assertThat(facts.seccomp()).isIn(HostFacts.UNKNOWN, 0, 1, 2);
        // both sysctls came together, and the group has more than one digit
        assertThat(facts.group() == HostFacts.UNKNOWN).isEqualTo(facts.disabled() == HostFacts.UNKNOWN);
    }

    private static AbstractStringAssert<?> assertRefused(
            int errno, HostFacts host, Reason reason) {
        KernelRefused refused = Refusal.ofSetup(errno, host);
        assertThat(refused.reason()).isEqualTo(reason);
        return assertThat(refused.getMessage());
    }
}
