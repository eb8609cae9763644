package io.hotpath.bench.run;

import io.hotpath.bench.Workload;
import io.hotpath.bench.load.Load;
import io.hotpath.bench.load.Mode;
import java.util.ArrayList;
import java.util.List;

/** Every load that is measured, in the order of the tables. */
final class Scenarios {
    private static final int KIB = 1024;

    /** A third of what the slowest server takes in a closed loop. */
    private static final int OPEN_RATE = 20_000;

    private final List<Scenario> all = new ArrayList<>();

    private Scenarios() {
        echo("64b", "64 B", 64, true);
        add("echo-64b-1-awake", "echo 64 B, 1 connection, generator does not sleep",
                Load.closed(Mode.ECHO, 1, 64, 1).busyPolling(), false);
        echo("1k", "1 KiB", KIB, false);
        add("echo-64k-16", "echo 64 KiB, 16 connections", Load.closed(Mode.ECHO, 16, 64 * KIB, 1), false);
        add("open-64b-64", "echo 64 B, 64 connections, 20,000/s (open loop)",
                Load.closed(Mode.ECHO, 64, 64, 1).withRate(OPEN_RATE), false);
        add("churn-64", "connect + echo 64 B + close, 64 at a time", Load.closed(Mode.CHURN, 64, 64, 1), true);
        add("sink-64k-16", "sink, 16 connections", Load.closed(Mode.SINK, 16, 64 * KIB, 1), true);
        add("http-64", "HTTP, 64 connections", Load.closed(Mode.HTTP, 64, 1, 1), true);
        add("http-256", "HTTP, 256 connections", Load.closed(Mode.HTTP, 256, 1, 1), false);
        add("http-64x16", "HTTP, 64 connections, pipelined 16", Load.closed(Mode.HTTP, 64, 1, 16), true);
        add("idle-10000", "10,000 idle connections", Load.closed(Mode.IDLE, 10_000, 64, 1), false);
    }

    static List<Scenario> all() {
        return List.copyOf(new Scenarios().all);
    }

    private void echo(String id, String title, int bytes, boolean inShortForm) {
        for (int connections : List.of(1, 64, 512, 4096)) {
            add("echo-" + id + '-' + connections,
                    "echo " + title + ", " + (connections == 1 ? "1 connection" : connections + " connections"),
                    Load.closed(Mode.ECHO, connections, bytes, 1), inShortForm && connections <= 512);
        }
        add("echo-" + id + "-64x16", "echo " + title + ", 64 connections, 16 in flight",
                Load.closed(Mode.ECHO, 64, bytes, 16), inShortForm);
    }

    private void add(String id, String title, Load load, boolean inShortForm) {
        all.add(new Scenario(id, title, workload(load.mode()), load, inShortForm));
    }

    private static Workload workload(Mode mode) {
        return switch (mode) {
            case ECHO, CHURN, IDLE -> Workload.ECHO;
            case HTTP -> Workload.HTTP;
            case SINK -> Workload.SINK;
        };
    }
}
