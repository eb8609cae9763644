package io.hotpath.bench.load;

/**
 * The load of one measurement.
 *
 * @param connections   connections at a time
 * @param messageBytes  bytes of a message; of no meaning for {@link Mode#HTTP}
 * @param inFlight      messages that a connection has under way
 * @param ratePerSecond messages per second over all connections, sent when they are due whatever came back (open loop); 0 sends
 *                      the next message when one came back (closed loop)
 * @param busyPolls     whether the generator looks for what comes back without sleeping, so that a round trip has only the
 *                      server's sleep in it
 * @param verify        whether each byte that comes back is compared with what was sent
 */
public record Load(
        Mode mode, int connections, int messageBytes, int inFlight, int ratePerSecond, boolean busyPolls,
        boolean verify) {
    public Load {
        requirePositive("connections", connections);
        requirePositive("messageBytes", messageBytes);
        requirePositive("inFlight", inFlight);
        if (ratePerSecond < 0) {
            throw new IllegalArgumentException("ratePerSecond is " + ratePerSecond + ", must not be negative");
        }
        if (ratePerSecond > 0 && mode != Mode.ECHO && mode != Mode.HTTP) {
            throw new IllegalArgumentException("only ECHO and HTTP have an open loop, not " + mode);
        }
    }

    private static void requirePositive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " is " + value + ", must be at least 1");
        }
    }

    /** A closed loop that compares nothing. */
    public static Load closed(Mode mode, int connections, int messageBytes, int inFlight) {
        return new Load(mode, connections, messageBytes, inFlight, 0, false, false);
    }

    /** The same at a fixed rate: an open loop. */
    public Load withRate(int perSecond) {
        return new Load(mode, connections, messageBytes, inFlight, perSecond, busyPolls, verify);
    }

    /** The same from a generator that does not sleep. */
    public Load busyPolling() {
        return new Load(mode, connections, messageBytes, inFlight, ratePerSecond, true, verify);
    }

    public Load withVerify(boolean value) {
        return new Load(mode, connections, messageBytes, inFlight, ratePerSecond, busyPolls, value);
    }
}
