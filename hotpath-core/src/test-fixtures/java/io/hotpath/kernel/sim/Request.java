package io.hotpath.kernel.sim;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;

/** A request that may have to wait for its file. It holds the file from submission to its last completion. */
abstract class Request {
    final SimRing ring;
    final SimKernel kernel;
    final SimFile file;
    final int opcode;
    final long userData;
    private final boolean skipsSuccess;
    private boolean finished;

    Request(SimRing ring, Submission sqe, SimFile file) {
        this.ring = ring;
        this.kernel = ring.kernel();
        this.file = file;
        this.opcode = sqe.opcode();
        this.userData = sqe.userData();
        this.skipsSuccess = sqe.skipsSuccess();
    }

    /** Tries at once, as the kernel does at submission, and is armed if that does not finish it. */
    final void start(boolean pollFirst) {
        file.hold();
        if (!pollFirst) {
            attempt();
        }
        if (!finished) {
            ring.arm(this);
        }
    }

    /** Whether {@link #attempt()} makes progress now. */
    abstract boolean isReady();

    /** Does what can be done now. */
    abstract void attempt();

    /** Whether more than one completion may come. */
    abstract boolean isMultishot();

    /** The result when the request is cancelled now. */
    int cancelledResult() {
        return -Errno.ECANCELED;
    }

    /** The flags of its completion when it is cancelled now. */
    int cancelledFlags() {
        return 0;
    }

    /** Completes normally because the cancel came too late; false if there is nothing to complete with. */
    boolean overtakeCancel() {
        return false;
    }

    /** Whether {@code res} is told although successes are not. */
    boolean isFailure(int res) {
        return res < 0;
    }

    /** Forgets what the request left in its file. */
    void disarmed() {}

    final boolean isFinished() {
        return finished;
    }

    /** One completion of a multishot that goes on, unless it overflows or the dice end it. */
    final void emit(int res, int flags) {
        if (ring.completions().isFull()) {
            finish(res, flags);
        } else if (kernel.dice.chance(kernel.faults().lostMore())) {
            kernel.counters().lostMore++;
            finish(res, flags);
        } else {
            ring.completions().stage(file, opcode, userData, res, flags | Abi.IORING_CQE_F_MORE);
        }
    }

    /** The last completion. */
    final void finish(int res, int flags) {
        assert !finished : this;
        if (isFailure(res) || !skipsSuccess) {
            ring.completions().stage(file, opcode, userData, res, flags);
        }
        discard();
    }

    /** Ends without a completion: the ring is closed. */
    final void discard() {
        finished = true;
        disarmed();
        ring.disarm(this);
        file.drop();
    }
}
