package io.hotpath.kernel.epoll;

import io.hotpath.Errno;
import io.hotpath.kernel.KernelRefused;
import io.hotpath.kernel.KernelRefused.Reason;

/** The words for a host that refuses even epoll, which leaves nothing to fall back to. */
final class Refusal {
    private Refusal() {}

    static KernelRefused ofStep(String step, int errno) {
        return switch (errno) {
            case Errno.EMFILE ->
                new KernelRefused(Reason.DESCRIPTORS, step, errno,
                        "the process is at its limit of open files: raise ulimit -n");
            case Errno.ENFILE ->
                new KernelRefused(Reason.DESCRIPTORS, step, errno,
                        "the system is at its limit of open files: raise sysctl fs.file-max");
            default ->
                new KernelRefused(Reason.OTHER, step, errno,
                        "a seccomp profile must permit epoll_create1, epoll_ctl, epoll_wait and eventfd2");
        };
    }
}
