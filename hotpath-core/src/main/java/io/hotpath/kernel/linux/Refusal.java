package io.hotpath.kernel.linux;

import static io.hotpath.kernel.KernelRefused.Reason.BLOCKED;
import static io.hotpath.kernel.KernelRefused.Reason.DESCRIPTORS;
import static io.hotpath.kernel.KernelRefused.Reason.MEMLOCK;
import static io.hotpath.kernel.KernelRefused.Reason.OTHER;
import static io.hotpath.kernel.KernelRefused.Reason.SYSCTL;
import static io.hotpath.kernel.KernelRefused.Reason.TOO_OLD;

import io.hotpath.Errno;
import io.hotpath.kernel.KernelRefused;
import io.hotpath.kernel.KernelRefused.Reason;

/**
 * Finds the words for a refused ring: the errno alone is ambiguous, because a seccomp profile chooses its own and the
 * sysctl answers with the same EPERM.
 */
final class Refusal {
    private static final String SECCOMP_REMEDY =
            "a seccomp profile must permit the system calls io_uring_setup, io_uring_enter and io_uring_register"
                    + " (425, 426, 427)";
    private static final String LSM_REMEDY =
            "a security module (SELinux class io_uring, AppArmor kernel.apparmor_restrict_unprivileged_io_uring) must"
                    + " permit it to this process";

    private Refusal() {}

    /** {@code io_uring_setup} itself was refused. */
    static KernelRefused ofSetup(int errno) {
        return ofSetup(errno, HostFacts.read());
    }

    static KernelRefused ofSetup(int errno, HostFacts host) {
        String step = "io_uring_setup";
        return switch (errno) {
            case Errno.EPERM, Errno.EACCES -> host.disabled() > 0 ? bySysctl(errno, host) : blocked(step, errno, host);
            case Errno.ENOSYS -> missing(errno, host);
            case Errno.EINVAL -> tooOld(step, errno, "the kernel knows none of the ring's flags");
            default -> of(step, errno, host);
        };
    }

    /** A later step was refused although the ring was set up, so that the sysctl is not the cause. */
    static KernelRefused ofStep(String step, int errno) {
        return of(step, errno, HostFacts.read());
    }

    /** The kernel has io_uring, but lacks {@code what}. */
    static KernelRefused tooOld(String step, int errno, String what) {
        return refused(TOO_OLD, step, errno, what + ": io_uring for Hotpath needs Linux 6.0, better 6.1 or newer");
    }

    private static KernelRefused of(String step, int errno, HostFacts host) {
        return switch (errno) {
            case Errno.EPERM, Errno.EACCES, Errno.ENOSYS -> blocked(step, errno, host);
            case Errno.ENOMEM ->
                refused(
                        MEMLOCK,
                        step,
                        errno,
                        "no memory for the smallest ring: raise the limit on locked memory (ulimit -l, LimitMEMLOCK=) or"
                                + " the memory limit of the container");
            case Errno.EMFILE ->
                refused(DESCRIPTORS, step, errno, "the process is at its limit of open files: raise ulimit -n");
            case Errno.ENFILE ->
                refused(DESCRIPTORS, step, errno, "the system is at its limit of open files: raise sysctl fs.file-max");
            // a filter may answer with any errno at all
            default ->
                host.seccomp() == 2
                        ? blocked(step, errno, host)
                        : refused(OTHER, step, errno, "unexpected: please report it with the kernel's version");
        };
    }

    private static KernelRefused bySysctl(int errno, HostFacts host) {
        String group = host.group() < 0 ? "none" : String.valueOf(host.group());
        String who = host.disabled() == 1
                ? "lets in only CAP_SYS_ADMIN and the group kernel.io_uring_group (" + group + ")"
                : "forbids it to everybody";
        return refused(
                SYSCTL,
                "io_uring_setup",
                errno,
                "sysctl kernel.io_uring_disabled is " + host.disabled() + ", which " + who + ": set it to 0"
                        + (host.disabled() == 1 ? ", or put this process into that group" : ""));
    }

    private static KernelRefused missing(int errno, HostFacts host) {
        if (host.disabled() != HostFacts.UNKNOWN || host.seccomp() == 2) {
            // the sysctl exists only where io_uring does
            return blocked("io_uring_setup", errno, host);
        }
        return tooOld("io_uring_setup", errno, "the kernel has no io_uring, or a sandbox such as gVisor hides it");
    }

    private static KernelRefused blocked(String step, int errno, HostFacts host) {
        String sysctl = host.disabled() == HostFacts.UNKNOWN
                ? ""
                : "sysctl kernel.io_uring_disabled is " + host.disabled() + " and not the cause; ";
        String who =
                switch (host.seccomp()) {
                    case 0 -> "this process has no seccomp filter: " + LSM_REMEDY;
                    case 2 -> "this process runs under a seccomp filter: " + SECCOMP_REMEDY + ", or " + LSM_REMEDY;
                    default -> SECCOMP_REMEDY + ", or " + LSM_REMEDY;
                };
        return refused(BLOCKED, step, errno, sysctl + who);
    }

    private static KernelRefused refused(Reason reason, String step, int errno, String remedy) {
        return new KernelRefused(reason, step, errno, remedy);
    }
}
