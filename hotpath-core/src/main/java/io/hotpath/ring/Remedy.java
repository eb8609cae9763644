package io.hotpath.ring;

import io.hotpath.Errno;
import io.hotpath.kernel.KernelRefused.Reason;
import io.hotpath.ring.ProbeReport.Verdict;

/** The words of a verdict: who refused, and the next step. */
final class Remedy {
    private static final String IO_URING = "io_uring";
    private static final String EPOLL = "epoll";
    private static final String NONE = "none";

    /** Who refuses, how to permit exactly what is needed, and what that means. */
    private static final String CONTAINERS = " docs/containers.md";

    private Remedy() {}

    static Verdict usable(boolean deferTaskrun, boolean recvCap) {
        String next = "nothing to do";
        if (!deferTaskrun) {
            next = "Linux 6.1 or newer is faster: it defers completions to the loop";
        } else if (!recvCap) {
            next = "nothing to do; from Linux 6.17 on the kernel itself stops a connection at its quota";
        }
        return new Verdict(IO_URING, true, "", "", next);
    }

    static Verdict verdict(Reason reason, String message) {
        String kernel = reason == Reason.NOT_LINUX ? NONE : EPOLL;
        return new Verdict(kernel, false, who(reason), message, nextStep(reason));
    }

    static Verdict nativeAccess(String message) {
        return new Verdict(
                NONE,
                false,
                "this JVM",
                message,
                "start it with --enable-native-access=ALL-UNNAMED, or io.hotpath.core on the module path");
    }

    /** Who refuses with that errno on a ring that was opened, so that the sysctl is not the cause. */
    static Reason reason(int errno) {
        return switch (errno) {
            case Errno.EPERM, Errno.EACCES, Errno.ENOSYS -> Reason.BLOCKED;
            case Errno.ENOMEM -> Reason.MEMLOCK;
            case Errno.EMFILE, Errno.ENFILE -> Reason.DESCRIPTORS;
            default -> Reason.OTHER;
        };
    }

    private static String who(Reason reason) {
        return switch (reason) {
            case NOT_LINUX -> "not Linux";
            case TOO_OLD -> "kernel too old";
            case SYSCTL -> "sysctl kernel.io_uring_disabled=" + Host.sysctl("kernel/io_uring_disabled");
            case BLOCKED -> "seccomp filter or security module";
            case MEMLOCK -> "limit on locked memory";
            case DESCRIPTORS -> "limit on open files";
            case OTHER -> "unknown";
        };
    }

    private static String nextStep(Reason reason) {
        return switch (reason) {
            case NOT_LINUX -> "run on 64-bit Linux; there is no other kernel yet";
            case TOO_OLD -> "run on Linux 6.1 or newer, at least 6.0";
            case SYSCTL ->
                "as root: sysctl -w kernel.io_uring_disabled=0, and keep it in /etc/sysctl.d; in a container that is the"
                        + " host's setting, see" + CONTAINERS;
            case BLOCKED ->
                "permit io_uring_setup, io_uring_enter and io_uring_register (425, 426, 427) in the seccomp profile of"
                        + " the container or service, or io_uring in SELinux or AppArmor: see" + CONTAINERS;
            case MEMLOCK ->
                "raise ulimit -l (LimitMEMLOCK= of systemd) or the memory limit of the container, see" + CONTAINERS;
            case DESCRIPTORS -> "raise ulimit -n (LimitNOFILE= of systemd) or sysctl fs.file-max";
            case OTHER -> "please report it with this whole output";
        };
    }
}
