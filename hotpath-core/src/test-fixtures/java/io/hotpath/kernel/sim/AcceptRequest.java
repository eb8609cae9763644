package io.hotpath.kernel.sim;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;

/**
 * ACCEPT, one-shot or multishot. A descriptor is reserved before the backlog is looked at, so at the limit it fails
 * with nobody waiting; the limit is the one of submission.
 */
final class AcceptRequest extends Request {
    private final SimSocket listener;
    private final boolean multishot;
    private final int descriptorLimit;

    AcceptRequest(SimRing ring, Submission sqe, SimSocket listener) {
        super(ring, sqe, listener);
        this.listener = listener;
        this.multishot = sqe.asks(Abi.IORING_ACCEPT_MULTISHOT);
        this.descriptorLimit = kernel.descriptors.limit;
    }

    @Override
    boolean isReady() {
        return !listener.listening || !listener.backlog.isEmpty();
    }

    @Override
    void attempt() {
        do {
            if (!kernel.descriptors.roomBelow(descriptorLimit)) {
                finish(-Errno.EMFILE, 0);
            } else if (!listener.listening) {
                finish(-Errno.EINVAL, 0);
            } else if (!listener.backlog.isEmpty()) {
                accepted();
            } else {
                return;
            }
        } while (!isFinished());
    }

    @Override
    boolean isMultishot() {
        return multishot;
    }

    @Override
    boolean overtakeCancel() {
        if (listener.backlog.isEmpty() || !kernel.descriptors.roomBelow(descriptorLimit)) {
            return false;
        }
        finish(next(), 0);
        return true;
    }

    private void accepted() {
        int fd = next();
        if (multishot) {
            emit(fd, 0);
        } else {
            finish(fd, 0);
        }
    }

    private int next() {
        return kernel.descriptors.open(SimSocket.accepted(listener, listener.backlog.remove()));
    }
}
