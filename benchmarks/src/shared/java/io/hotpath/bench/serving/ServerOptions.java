package io.hotpath.bench.serving;

import io.hotpath.bench.Workload;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * The command line of a server under test.
 *
 * @param host       the IPv4 address to listen on
 * @param port       0 picks one
 * @param workload   what it does
 * @param kernel     for Hotpath's servers, {@code io_uring} or {@code epoll}
 * @param transport  for the others, {@code nio}, {@code epoll} or {@code io_uring}
 * @param spinMicros for Hotpath's servers, how long a loop looks again before it sleeps
 */
public record ServerOptions(String host, int port, Workload workload, String kernel, String transport,
        long spinMicros) {
    /** Connections that may wait to be accepted; the host caps it ({@code net.core.somaxconn}). */
    public static final int BACKLOG = 4096;

    static final String USAGE = "usage: --port n --workload echo|sink|http [--host 127.0.0.1] [--kernel io_uring|epoll]"
            + " [--transport nio|epoll|io_uring] [--spin-micros n]";

    /** @throws IllegalArgumentException if {@code args} has anything else */
    static ServerOptions parse(String[] args) {
        ServerOptions options = new ServerOptions("127.0.0.1", 0, Workload.ECHO, "io_uring", "nio", 0);
        if (args.length % 2 != 0) {
            throw new IllegalArgumentException("every option has a value");
        }
        for (int i = 0; i < args.length; i += 2) {
            options = options.with(args[i], args[i + 1]);
        }
        return options;
    }

    private ServerOptions with(String name, String value) {
        return switch (name) {
            case "--host" -> new ServerOptions(value, port, workload, kernel, transport, spinMicros);
            case "--port" -> new ServerOptions(host, Integer.parseInt(value), workload, kernel, transport, spinMicros);
            case "--workload" -> new ServerOptions(host, port, Workload.of(value), kernel, transport, spinMicros);
            case "--kernel" -> new ServerOptions(host, port, workload, value, transport, spinMicros);
            case "--transport" -> new ServerOptions(host, port, workload, kernel, value, spinMicros);
            case "--spin-micros" -> new ServerOptions(host, port, workload, kernel, transport, Long.parseLong(value));
            default -> throw new IllegalArgumentException("unknown option " + name);
        };
    }

    /** Where to listen. */
    public InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.ofLiteral(host), port);
    }
}
