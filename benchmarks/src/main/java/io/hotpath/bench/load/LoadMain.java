package io.hotpath.bench.load;

import io.hotpath.bench.Arguments;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** {@code ./hotpath load}: one window of load on a server that runs, as a line. */
public final class LoadMain {
    private LoadMain() {}

    public static void main(String[] args) {
        Arguments given = new Arguments("load", Map.ofEntries(
                Map.entry("--port", "7007"), Map.entry("--mode", "echo"), Map.entry("--connections", "64"),
                Map.entry("--size", "64"), Map.entry("--in-flight", "1"), Map.entry("--rate", "0"),
                Map.entry("--settle", "1"), Map.entry("--seconds", "3"), Map.entry("--pid", "0"),
                Map.entry("--busy-poll", Arguments.NO), Map.entry("--verify", Arguments.NO)), args);
        Load load = new Load(
                Mode.valueOf(given.text("--mode").toUpperCase(Locale.ROOT)), given.number("--connections"),
                given.number("--size"), given.number("--in-flight"), given.number("--rate"), given.flag("--busy-poll"),
                given.flag("--verify"));
        InetSocketAddress server = new InetSocketAddress(InetAddress.getLoopbackAddress(), given.number("--port"));
        CpuTime cpu = new CpuTime(given.number("--pid"));
        LoadResult result =
                Generator.run(load, server, TimeUnit.SECONDS.toNanos(given.number("--settle")),
                        TimeUnit.SECONDS.toNanos(given.number("--seconds")), cpu);
        System.out.printf(
                Locale.ROOT,
                "rate=%.0f MBps=%.1f p50_us=%.1f p99_us=%.1f p999_us=%.1f server_ns=%.1f generator_ns=%.1f%n",
                result.messagesPerSecond(), result.megabytesPerSecond(), result.p50Nanos() / 1e3,
                result.p99Nanos() / 1e3, result.p999Nanos() / 1e3, (double) cpu.serverNanos / result.messages(),
                (double) cpu.ownNanos / result.messages());
    }

    /** What server and generator take of their cores in the window. */
    private static final class CpuTime implements Window {
        private final CpuClock own = new CpuClock(ProcessHandle.current().pid());
        private final CpuClock server;
        long serverNanos;
        long ownNanos;

        /** @param pid 0 if the server's is unknown */
        CpuTime(long pid) {
            server = pid == 0 ? own : new CpuClock(pid);
        }

        @Override
        public void begins() {
            serverNanos = -server.nanos();
            ownNanos = -own.nanos();
        }

        @Override
        public void ends() {
            serverNanos += server.nanos();
            ownNanos += own.nanos();
        }
    }
}
