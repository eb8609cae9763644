package io.hotpath.ring;

/** Takes the completions of a hand-driven {@link HotpathRing}. Ring thread. */
@FunctionalInterface
public interface CompletionHandler {
    /**
     * One completion. If {@code bufferId >= 0} the buffer is the caller's until {@link Buffers#release}.
     *
     * @param op       what completed
     * @param fd       the descriptor that was given to the submit call
     * @param result   bytes, the accepted descriptor, 0 for the end of input, or {@code -errno}
     * @param bufferId the buffer that holds the bytes, -1 if there is none
     * @param more     whether the multishot operation goes on; if not, and it is wanted, submit it again
     */
    void completed(OpKind op, int fd, int result, int bufferId, boolean more);
}
