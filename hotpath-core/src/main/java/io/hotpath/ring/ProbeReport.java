package io.hotpath.ring;

import java.util.List;

/**
 * What this host gives io_uring, feature by feature, each found by doing it.
 *
 * @param features in a fixed order: the three system calls, what the ring is made of, what connections need
 * @param verdict  which kernel Hotpath would use, and if it is not io_uring, why
 */
public record ProbeReport(List<Feature> features, Verdict verdict) {
    public ProbeReport {
        features = List.copyOf(features);
    }

    /** The outcome of trying a feature. */
    public enum Status {
        /** It did what it should. */
        OK,
        /** The kernel knows it; somebody does not permit it, or it failed. */
        REFUSED,
        /** The kernel does not know it, or it could not be tried because something before it failed. */
        ABSENT
    }

    /**
     * One feature.
     *
     * @param name   as io_uring calls it
     * @param since  the first Linux that has it, vendors' kernels aside
     * @param detail what was seen
     */
    public record Feature(String name, String since, Status status, String detail) {}

    /**
     * The conclusion.
     *
     * @param kernel    the kernel that the policy {@code auto} would use: {@code io_uring}, {@code epoll}, or {@code none} off Linux
     * @param ioUring   whether io_uring has all that Hotpath cannot do without
     * @param refusedBy who refused, such as {@code sysctl kernel.io_uring_disabled=2}; empty if nobody did
     * @param reason    the refusal in full: system call, errno and cause; empty if there was none
     * @param nextStep  what to do now, in one sentence
     */
    public record Verdict(String kernel, boolean ioUring, String refusedBy, String reason, String nextStep) {}
}
