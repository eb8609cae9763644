package io.hotpath.ring;

/** Takes completions as the kernel wrote them. Ring thread. */
@FunctionalInterface
public interface CqeHandler {
    /**
     * One completion.
     *
     * @param userData what the submission carried, see {@link UserData}
     * @param result   a count, a descriptor or {@code -errno}
     * @param flags    {@code IORING_CQE_F_*}, with the buffer id in the upper 16 bits if one was picked
     */
    void completed(long userData, int result, int flags);
}
