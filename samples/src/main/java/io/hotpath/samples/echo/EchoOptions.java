package io.hotpath.samples.echo;

/**
 * The command line.
 *
 * @param port  0 picks one
 * @param loops loops that share the port
 * @param core  on the engine, without Reactor
 * @param failoverEveryMillis how often live connections are moved to the next ring, 0 never: to see that nobody notices
 */
record EchoOptions(int port, int loops, boolean core, long failoverEveryMillis) {
    static final String USAGE = "usage: hotpath echo [--port 7007] [--loops 1] [--core] [--failover-every seconds]";

    EchoOptions {
        if (port < 0 || port > 65535) {
            throw new IllegalArgumentException("--port is " + port + ", must be 0..65535");
        }
        if (loops < 1) {
            throw new IllegalArgumentException("--loops is " + loops + ", must be at least 1");
        }
    }

    static EchoOptions parse(String[] args) {
        int port = 7007;
        int loops = 1;
        boolean core = false;
        long failoverEveryMillis = 0;
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--core" -> core = true;
                case "--port" -> port = number(args, ++i);
                case "--loops" -> loops = number(args, ++i);
                case "--failover-every" -> failoverEveryMillis = millis(args, ++i);
                default -> throw new IllegalArgumentException("unknown option " + args[i]);
            }
        }
        return new EchoOptions(port, loops, core, failoverEveryMillis);
    }

    /** Seconds, which may have a fraction. */
    private static long millis(String[] args, int at) {
        try {
            long millis = at == args.length ? 0 : Math.round(1000 * Double.parseDouble(args[at]));
            if (millis > 0) {
                return millis;
            }
        } catch (NumberFormatException notANumber) {
            // said below
        }
        throw new IllegalArgumentException(args[at - 1] + " needs a number of seconds above 0");
    }

    private static int number(String[] args, int at) {
        if (at == args.length) {
            throw new IllegalArgumentException(args[at - 1] + " needs a number");
        }
        try {
            return Integer.parseInt(args[at]);
        } catch (NumberFormatException notANumber) {
            throw new IllegalArgumentException(args[at - 1] + " needs a number, not " + args[at], notANumber);
        }
    }
}
