package io.hotpath.ring;

import io.hotpath.KernelPolicy;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.linux.LinuxKernel;

/** Which kernel a ring stands on: the one place that knows the kernels by name. */
public final class Kernels {
    private Kernels() {}

    /**
     * The kernel for {@code policy}.
     *
     * @throws UnsupportedOperationException if there is none on this host
     */
    public static Kernel choose(KernelPolicy policy) {
        return switch (policy) {
            case AUTO, IO_URING -> LinuxKernel.instance();
            case EPOLL ->
                throw new UnsupportedOperationException("the epoll kernel is not there yet: use auto or io_uring");
        };
    }
}
