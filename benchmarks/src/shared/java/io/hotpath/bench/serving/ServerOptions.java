package io.hotpath.bench.serving;

import io.hotpath.bench.Workload;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/** The command line of a server under test: names with a value each. */
public final class ServerOptions {
    /** Connections that may wait to be accepted; the host caps it ({@code net.core.somaxconn}). */
    public static final int BACKLOG = 4096;

    static final String USAGE = "usage: --port n --workload echo|sink|http [--host 127.0.0.1] [--kernel io_uring|epoll]"
            + " [--transport nio|epoll|io_uring] [--spin-micros n] [--buffers n --buffer-bytes n]";

    private static final Map<String, String> DEFAULTS = Map.of(
            "--host", "127.0.0.1", "--port", "0", "--workload", "echo", "--kernel", "io_uring", "--transport", "nio",
            "--spin-micros", "0", "--buffers", "512", "--buffer-bytes", "8192");

    private final Map<String, String> values = new HashMap<>(DEFAULTS);

    /** @throws IllegalArgumentException if {@code args} has anything else */
    static ServerOptions parse(String[] args) {
        if (args.length % 2 != 0) {
            throw new IllegalArgumentException("every option has a value");
        }
        ServerOptions options = new ServerOptions();
        for (int i = 0; i < args.length; i += 2) {
            if (options.values.replace(args[i], args[i + 1]) == null) {
                throw new IllegalArgumentException("unknown option " + args[i]);
            }
        }
        return options;
    }

    private String text(String name) {
        return Objects.requireNonNull(values.get(name));
    }

    private int number(String name) {
        return Integer.parseInt(text(name));
    }

    /** Where to listen: on an IPv4 address; port 0 picks one. */
    public InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.ofLiteral(text("--host")), number("--port"));
    }

    /** What it does. */
    public Workload workload() {
        return Workload.of(text("--workload"));
    }

    /** For Hotpath's servers, {@code io_uring} or {@code epoll}. */
    public String kernel() {
        return text("--kernel");
    }

    /** For the others, {@code nio}, {@code epoll} or {@code io_uring}. */
    public String transport() {
        return text("--transport");
    }

    /** For Hotpath's servers, how long a loop looks again before it sleeps. */
    public long spinMicros() {
        return number("--spin-micros");
    }

    /** For Hotpath's servers, how many buffers a loop receives into. */
    public int buffers() {
        return number("--buffers");
    }

    public int bufferBytes() {
        return number("--buffer-bytes");
    }
}
