package io.hotpath.kernel.conformance;

import java.util.List;

/**
 * What a kernel is allowed to do otherwise than io_uring, and why. Two things are not compared at all: {@code
 * SOCK_NONEMPTY}, a hint that each kernel gives as cheaply as it can, and the order between files.
 */
final class Differences {
    /**
     * An allowed difference.
     *
     * @param kernel   whose
     * @param scenario where
     * @param instead  what io_uring's trace has, a regular expression
     * @param actual   what this kernel's trace has in its place
     * @param reason   why it may
     */
    record Difference(String kernel, String scenario, String instead, String actual, String reason) {}

    private static final String LIMIT_OF_ROUNDS =
            "io_uring (6.18) gives a SENDMSG up to a worker after 128 rounds of poll, where a non-blocking socket ends it"
                    + " short; whoever is told of a part sends the rest";

    private static final String CUT_ELSEWHERE =
            "epoll does not tell how much there is: the first receive takes one buffer, those after it several; whoever takes"
                    + " bundles adds up bytes";

    static final List<Difference> ALL = List.of(
            new Difference("epoll", "a bundle fills buffer after buffer and goes on",
                    "recv 192 '(a{64})(a{64}b{64})' more \\| recv 4 'rest' more",
                    "recv 64 '$1' more | recv 132 '$2rest' more", CUT_ELSEWHERE),
            new Difference("epoll", "a bundle ends with the last buffer, and the rest stays", "recv 128 '(c{64})c{64}'",
                    "recv 64 '$1' more | recv 64 '$1'", CUT_ELSEWHERE),
            new Difference("epoll", "a cap cuts a bundle exactly", "recv 128 '(d{64})d{64}' more \\| recv 10 'd{10}'",
                    "recv 64 '$1' more | recv 74 '$1dddddddddd'", CUT_ELSEWHERE),
            new Difference("epoll", "a capped bundle ends as well when it could have used more buffers than there are",
                    "recv 1 'e'", "recv 1 'e' more", "a receive that goes on is one submission less"),
            new Difference("epoll", "a gathered MSG_WAITALL in more than 128 pieces", "c: a part", "c: all",
                    LIMIT_OF_ROUNDS),
            new Difference("sim", "a gathered MSG_WAITALL in more than 128 pieces", "c: a part", "c: all",
                    LIMIT_OF_ROUNDS),
            new Difference("epoll", "connect again while it is in progress", "connect -EALREADY", "connect 0",
                    "io_uring leaves it to the caller to wait with a poll; here a connect that is under way is waited for,"
                            + " so that one begun on another ring is finished"),
            new Difference("epoll", "connect again when it is connected", "connect -EISCONN", "connect 0",
                    "the same: it was decided between two rings"),
            new Difference("epoll", "an armed accept and a limit that is raised", "accept -EMFILE", "accept fd more",
                    "io_uring keeps the limit of descriptors of the submission, accept4 knows the one of now"));

    private Differences() {}

    /** io_uring's trace of {@code scenario} as {@code kernel} is allowed to have it. */
    static String applied(String kernel, String scenario, String reference) {
        String expected = reference;
        for (Difference difference : ALL) {
            if (difference.kernel.equals(kernel) && difference.scenario.equals(scenario)) {
                expected = expected.replaceAll(difference.instead, difference.actual);
            }
        }
        return expected;
    }
}
