package io.hotpath.ring;

import io.hotpath.EngineException;
import io.hotpath.KernelPolicy;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.epoll.EpollKernel;
import io.hotpath.kernel.linux.LinuxKernel;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The kernels that one owner of rings may stand on, in order, and the step it stands on. The one place that knows the kernels
 * by name. A refusal is remembered for one opening only: what was refused may be permitted the next time.
 */
public final class KernelLadder {
    private static final System.Logger LOG = System.getLogger(KernelLadder.class.getName());

    private final List<Kernel> steps;
    private int step;

    /** Why the first kernel is not the one in use; {@code null} if it is. */
    private @Nullable String refusal;

    private KernelLadder(List<Kernel> steps) {
        this.steps = steps;
    }

    /**
     * The kernels of a policy. {@link KernelPolicy#AUTO} tries a second io_uring ring before it goes on with epoll.
     *
     * @throws UnsupportedOperationException if the host has none of them
     */
    public static KernelLadder of(KernelPolicy policy) {
        return switch (policy) {
            case IO_URING -> of(LinuxKernel.instance());
            case EPOLL -> of(EpollKernel.instance());
            case AUTO -> of(LinuxKernel.instance(), LinuxKernel.instance(), EpollKernel.instance());
        };
    }

    /** Given kernels, for tests and simulations; after the last one the first comes again. */
    public static KernelLadder of(Kernel... kernels) {
        return new KernelLadder(List.of(kernels));
    }

    /** The kernel of the present step. */
    public Kernel kernel() {
        return steps.get(step);
    }

    /** Who refused what comes before the present step, {@code null} if nobody did. */
    public @Nullable String refusal() {
        return refusal;
    }

    /** Goes on to the next step. */
    public void next() {
        step = (step + 1) % steps.size();
    }

    /**
     * Opens a ring of the calling thread on the present step, or on the first one after it that is not refused.
     *
     * @param made what is made of the ring; refusing that, such as the memory of its buffer rings, refuses the step
     * @throws EngineException if all are refused; the first one's words
     */
    public <T> T open(RingSetup setup, Function<Ring, T> made) {
        EngineException first = null;
        List<Kernel> refused = new ArrayList<>(steps.size());
        for (int i = 0; i < steps.size(); i++) {
            Kernel kernel = kernel();
            if (!refused.contains(kernel)) {
                try {
                    T result = make(Ring.open(kernel, setup), made);
                    tell(kernel, first);
                    return result;
                } catch (EngineException refusedNow) {
                    refused.add(kernel);
                    if (first == null) {
                        first = refusedNow;
                    } else {
                        first.addSuppressed(refusedNow);
                    }
                }
            }
            next();
        }
        throw Objects.requireNonNull(first);
    }

    private static <T> T make(Ring ring, Function<Ring, T> made) {
        try {
            return made.apply(ring);
        } catch (RuntimeException | Error failed) {
            ring.close();
            throw failed;
        }
    }

    private void tell(Kernel kernel, @Nullable EngineException refusedBefore) {
        refusal = refusedBefore == null ? null : refusedBefore.getMessage();
        if (refusedBefore != null) {
            try {
                LOG.log(Level.INFO, () -> "kernel=" + kernel.name() + " instead_of=" + steps.get(0).name() + " because="
                        + refusedBefore.getMessage());
            } catch (RuntimeException | Error failed) {
                // a logger that fails is no reason not to serve
            }
        }
    }
}
