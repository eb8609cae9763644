package io.hotpath.kernel;

import io.hotpath.EngineException;

/** A kernel cannot open a ring on this host, and who refused it. The message names the cause and the remedy. */
public final class KernelRefused extends EngineException {
    private static final long serialVersionUID = 1;

    /** Who refused. */
    public enum Reason {
        /** The operating system is another one. */
        NOT_LINUX,
        /** The kernel lacks io_uring or a part of it that Hotpath cannot do without. */
        TOO_OLD,
        /** {@code kernel.io_uring_disabled} forbids it. */
        SYSCTL,
        /** A seccomp filter or a security module forbids it. */
        BLOCKED,
        /** The limit on locked memory, or the memory of the control group, is used up. */
        MEMLOCK,
        /** The process or the system has no file descriptor left. This is not about io_uring: nothing else will work. */
        DESCRIPTORS,
        /** Something else; the message has the error number. */
        OTHER
    }

    private final Reason reason;

    /**
     * @param operation the system call or step that was refused
     * @param errno     the positive error number, 0 if there is none
     * @param remedy    the cause and what the reader can do next
     */
    public KernelRefused(Reason reason, String operation, int errno, String remedy) {
        super(operation, errno, remedy);
        this.reason = reason;
    }

    /** Who refused. */
    public Reason reason() {
        return reason;
    }
}
