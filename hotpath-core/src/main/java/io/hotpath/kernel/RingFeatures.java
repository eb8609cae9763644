package io.hotpath.kernel;

/**
 * What an open ring can do; each was found by doing.
 *
 * @param setupFlags     the {@code IORING_SETUP_*} flags of {@link Abi} that the kernel took
 * @param deferTaskrun   completions run only inside {@code enter} with getEvents
 * @param registeredFd   the ring descriptor itself is registered, which makes {@code enter} cheaper
 * @param restricted     only the operations on Hotpath's allow-list are accepted
 * @param noIowait       waiting does not count as I/O wait in the host's load figures
 */
public record RingFeatures(
        int setupFlags, boolean deferTaskrun, boolean registeredFd, boolean restricted, boolean noIowait) {}
