package io.hotpath.faults;

import io.hotpath.engine.EngineConfig;

/**
 * What an echo of a {@link Child} is opened with, each as {@code name=value} behind the policy.
 *
 * @param address     where it listens, {@code any} for all addresses
 * @param sendBytes   {@code SO_SNDBUF} of each connection, 0 leaves it
 * @param userTimeout {@code TCP_USER_TIMEOUT} of each connection in milliseconds, 0 leaves it
 * @param reluctant   whether connections that begin with {@link ChildEcho#DRIP} get no demand until {@code resume}
 * @param fickle      whether it resets each connection at one of its first receives
 */
record ChildOptions(
        EngineConfig config, String address, int port, int backlog, int sendBytes, int userTimeout, boolean reluctant,
        boolean fickle) {
    static ChildOptions of(EngineConfig config) {
        return new ChildOptions(config, "127.0.0.1", 0, 64, 0, 0, false, false);
    }

    static ChildOptions parse(EngineConfig config, String[] words, int from) {
        ChildOptions o = of(config);
        for (int i = from; i < words.length; i++) {
            int equals = words[i].indexOf('=');
            o = o.with(words[i].substring(0, equals), words[i].substring(equals + 1));
        }
        return o;
    }

    private ChildOptions with(String name, String value) {
        return switch (name) {
            case "entries" -> with(config.withEntries(number(value)));
            case "buffers" -> with(config.withBuffers(number(value), config.bufferBytes()));
            case "bytes" -> with(config.withBuffers(config.buffers(), number(value)));
            case "quota" -> with(config.withLeaseQuota(number(value)));
            case "copies" -> with(config.withCopyBytesMax(number(value)));
            case "address" ->
                new ChildOptions(config, value, port, backlog, sendBytes, userTimeout, reluctant, fickle);
            case "port" ->
                new ChildOptions(config, address, number(value), backlog, sendBytes, userTimeout, reluctant, fickle);
            case "backlog" ->
                new ChildOptions(config, address, port, number(value), sendBytes, userTimeout, reluctant, fickle);
            case "sndbuf" ->
                new ChildOptions(config, address, port, backlog, number(value), userTimeout, reluctant, fickle);
            case "usertimeout" ->
                new ChildOptions(config, address, port, backlog, sendBytes, number(value), reluctant, fickle);
            case "reluctant" -> new ChildOptions(config, address, port, backlog, sendBytes, userTimeout, true, fickle);
            case "fickle" -> new ChildOptions(config, address, port, backlog, sendBytes, userTimeout, reluctant, true);
            default -> throw new IllegalArgumentException(name);
        };
    }

    private ChildOptions with(EngineConfig changed) {
        return new ChildOptions(changed, address, port, backlog, sendBytes, userTimeout, reluctant, fickle);
    }

    private static int number(String value) {
        return Integer.parseInt(value);
    }
}
