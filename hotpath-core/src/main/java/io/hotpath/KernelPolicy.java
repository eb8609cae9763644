package io.hotpath;

import java.util.Locale;

/** Which kernel a ring may stand on. {@link #AUTO} never fails because io_uring is refused; the others say what they need. */
public enum KernelPolicy {
    /** io_uring where the host permits it, else the next kernel that serves the same contract. */
    AUTO,
    /** io_uring or a failed start that names who refused it. */
    IO_URING,
    /** epoll, never io_uring. */
    EPOLL;

    /**
     * Reads a policy as users write it: {@code auto}, {@code io_uring} or {@code epoll}, in any case.
     *
     * @throws IllegalArgumentException if it is none of these
     */
    public static KernelPolicy parse(String text) {
        try {
            return valueOf(text.trim().toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException unknown) {
            throw new IllegalArgumentException(
                    "kernel policy '" + text + "' is unknown: use auto, io_uring or epoll", unknown);
        }
    }
}
