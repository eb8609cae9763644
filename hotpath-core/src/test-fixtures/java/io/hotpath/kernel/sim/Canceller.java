package io.hotpath.kernel.sim;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;

/** Ends armed requests. The target gets its own completion; whose comes first is left to chance. */
final class Canceller {
    private static final int KNOWN_FLAGS = Abi.IORING_ASYNC_CANCEL_ALL | Abi.IORING_ASYNC_CANCEL_ANY;

    private final SimRing ring;
    private final SimKernel kernel;

    Canceller(SimRing ring) {
        this.ring = ring;
        this.kernel = ring.kernel();
    }

    /** The result of an ASYNC_CANCEL: 0 or {@code -errno} for one target, the count with ALL. */
    int cancel(Submission sqe) {
        if ((sqe.opFlags() & ~KNOWN_FLAGS) != 0) {
            return -Errno.EINVAL;
        }
        boolean all = (sqe.opFlags() & Abi.IORING_ASYNC_CANCEL_ALL) != 0;
        boolean any = (sqe.opFlags() & Abi.IORING_ASYNC_CANCEL_ANY) != 0;
        int count = 0;
        for (Request target : ring.targets()) {
            if (!any && target.userData != sqe.addr()) {
                continue;
            }
            int res = cancel(target);
            if (!all) {
                return res;
            }
            count += res == 0 ? 1 : 0;
        }
        return all ? count : -Errno.ENOENT;
    }

    /** The result of a POLL_REMOVE. */
    int removePoll(long userData) {
        for (Request target : ring.targets()) {
            if (target.opcode == Abi.IORING_OP_POLL_ADD && target.userData == userData) {
                return cancel(target);
            }
        }
        return -Errno.ENOENT;
    }

    private int cancel(Request target) {
        if (kernel.dice.chance(kernel.faults().lateCancel()) && target.overtakeCancel()) {
            kernel.counters().lateCancels++;
            return kernel.dice.coin() ? -Errno.ENOENT : -Errno.EALREADY;
        }
        target.finish(target.cancelledResult(), target.cancelledFlags());
        return 0;
    }
}
