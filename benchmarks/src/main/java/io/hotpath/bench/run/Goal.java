package io.hotpath.bench.run;

import java.util.ArrayList;
import java.util.List;

/**
 * What a server is to reach in a scenario: a ratio to the best of others measured in the same rounds, or a number.
 *
 * @param scenario its id
 * @param server   whose goal it is
 * @param against  the ids of those it is compared with, of which the best counts; nobody: the number itself
 * @param limit    at most, or for what is better when it is higher, at least
 */
record Goal(String scenario, String server, List<String> against, Metric metric, double limit) {
    /** Every goal of the project that a run can decide. */
    static final List<Goal> ALL = all();

    private static List<Goal> all() {
        List<Goal> goals = new ArrayList<>();
        core(goals);
        reactor(goals);
        for (String scenario : List.of("echo-64b-1", "echo-64b-64", "echo-64b-512", "echo-64b-64x16", "echo-1k-64",
                "echo-64k-16", "sink-64k-16")) {
            cpu(goals, scenario, "reactor-netty-hotpath", 0.95, "reactor-netty-io_uring");
            cpu(goals, scenario, "reactor-netty-hotpath", 0.72, "reactor-netty-epoll");
            fallback(goals, scenario, "reactor-netty");
        }
        cpu(goals, "churn-64", "reactor-netty-hotpath", 0.75, "reactor-netty-io_uring");
        cpu(goals, "http-64", "reactor-netty-hotpath", 0.92, "reactor-netty-io_uring");
        cpu(goals, "http-64x16", "reactor-netty-hotpath", 0.50, "reactor-netty-io_uring");
        for (String scenario : List.of("churn-64", "http-64", "http-64x16")) {
            fallback(goals, scenario, "reactor-netty");
        }
        cpu(goals, "http-64", "webflux-hotpath", 0.94, "webflux-io_uring");
        cpu(goals, "http-64", "webflux-hotpath", 0.72, "webflux-epoll");
        fallback(goals, "http-64", "webflux");
        goals.add(new Goal("idle-10000", "core", List.of(), Metric.MEMORY, 100));
        goals.add(new Goal("idle-10000", "reactor", List.of(), Metric.MEMORY, 1 << 10));
        goals.add(new Goal("idle-10000", "netty-hotpath", List.of(), Metric.MEMORY, 2_355));
        return List.copyOf(goals);
    }

    private static void core(List<Goal> goals) {
        for (String scenario : List.of("echo-64b-64", "echo-64b-512", "echo-64b-64x16")) {
            cpu(goals, scenario, "core", 1.05, "c-uring");
        }
        cpu(goals, "churn-64", "core", 1.10, "c-uring");
        for (String scenario : List.of("echo-64k-16", "sink-64k-16")) {
            for (String server : List.of("core", "core-bulk")) {
                cpu(goals, scenario, server, 1.05, "c-uring", "c-uring-bulk", "c-epoll");
                goals.add(new Goal(
                        scenario, server, List.of("c-uring", "c-uring-bulk", "c-epoll"), Metric.THROUGHPUT, 0.97));
            }
        }
        goals.add(new Goal("echo-64b-1-awake", "core-spin", List.of("core"), Metric.P50, 0.45));
    }

    private static void reactor(List<Goal> goals) {
        for (String scenario : List.of("echo-64b-64", "echo-64b-512")) {
            cpu(goals, scenario, "reactor", 1.06, "c-uring");
        }
        cpu(goals, "echo-64b-64x16", "reactor", 1.08, "c-uring");
        cpu(goals, "echo-64b-64x16", "reactor", 1.00, "reactor-netty-nio", "reactor-netty-epoll",
                "reactor-netty-io_uring");
        cpu(goals, "churn-64", "reactor", 1.30, "c-uring");
    }

    private static void fallback(List<Goal> goals, String scenario, String who) {
        cpu(goals, scenario, who + "-hotpath-epoll", 1.00, who + "-nio");
        cpu(goals, scenario, who + "-hotpath-epoll", 1.05, who + "-epoll");
    }

    private static void cpu(List<Goal> goals, String scenario, String server, double limit, String... against) {
        goals.add(new Goal(scenario, server, List.of(against), Metric.CPU, limit));
    }

    /** Where {@code measurement} of its scenario is; empty if a part of it was not measured. */
    Spread reached(Measurement measurement) {
        if (against.isEmpty()) {
            return measurement.median(server, metric);
        }
        return measurement.ratioToBest(server, against, metric);
    }

    boolean met(Spread reached) {
        return metric.higherIsBetter() ? reached.median() >= limit : reached.median() <= limit;
    }
}
