package io.hotpath.kernel.sim;

import io.hotpath.kernel.Abi;

/** POLL_ADD. Errors and hang-ups are always reported; a multishot reports each new event once, not a level. */
final class PollRequest extends Request {
    private final int events;
    private final boolean multishot;
    private int seen;
    private boolean looked;

    PollRequest(SimRing ring, Submission sqe, SimFile file) {
        super(ring, sqe, file);
        this.events = (sqe.opFlags() & ~Abi.EPOLLET) | Abi.POLLERR | Abi.POLLHUP;
        this.multishot = (sqe.len() & Abi.IORING_POLL_ADD_MULTI) != 0;
    }

    @Override
    boolean isReady() {
        return (!looked || seen != file.pulse()) && (file.pollMask() & events) != 0;
    }

    @Override
    void attempt() {
        int pulse = file.pulse();
        int mask = file.pollMask() & events;
        if (mask == 0) {
            return;
        }
        looked = true;
        seen = pulse;
        if (multishot) {
            emit(mask, 0);
        } else {
            finish(mask, 0);
        }
    }

    @Override
    boolean isMultishot() {
        return multishot;
    }
}
