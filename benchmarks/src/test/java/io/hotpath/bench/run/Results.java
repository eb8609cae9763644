package io.hotpath.bench.run;

import io.hotpath.bench.Workload;
import io.hotpath.bench.load.Load;
import io.hotpath.bench.load.LoadResult;
import io.hotpath.bench.load.Mode;
import java.util.List;
import java.util.OptionalDouble;

/** A small result, for tests. */
final class Results {
    private static final long MILLION = 1_000_000;

    private Results() {}

    static Result small() {
        Scenario echo = new Scenario(
                "echo-64b-64", "echo 64 B, 64 connections", Workload.ECHO, Load.closed(Mode.ECHO, 64, 64, 1), true);
        Scenario idle = new Scenario(
                "idle-10", "10 idle connections", Workload.ECHO, Load.closed(Mode.IDLE, 10, 64, 1), false);
        Scenario sink = new Scenario(
                "sink-64k-1", "sink, 1 connection", Workload.SINK, Load.closed(Mode.SINK, 1, 64 << 10, 1), true);
        List<Sample> samples = List.of(
                sample("c-uring", 0, 4_000), sample("core", 0, 4_200), sample("core", 1, 6_000),
                sample("c-uring", 1, 6_000), sample("c-uring", 2, 5_000), sample("core", 2, 4_500),
                sample("broken", 0, 9_000));
        return new Result(
                "2026-01-31-small", "2026-01-31", "abc1234",
                new Machine("Linux 6.18", "A <CPU>", 2, "JDK 25", "-XX:+X"), 3,
                0.5, true,
                List.of(
                        new ServerFacts("c-uring", "C io_uring", true, List.of()),
                        new ServerFacts("core", "Hotpath core", true, List.of("java=25", "kernel=io_uring")),
                        new ServerFacts("broken", "Hotpath & co", true, List.of())),
                List.of(
                        new Measurement(echo, samples,
                                List.of(new Extra("core", OptionalDouble.of(0.25), OptionalDouble.of(0.031)),
                                        new Extra("c-uring", OptionalDouble.empty(), OptionalDouble.of(0.03))),
                                List.of(new Failure("broken", "the server has closed a connection"))),
                        new Measurement(idle, List.of(memory("core", 0, 80), memory("core", 1, 100)), List.of(),
                                List.of()),
                        new Measurement(sink, List.of(sample("c-uring", 0, 2_000)), List.of(), List.of())));
    }

    /** Half a second in which a hundred thousand messages of 64 bytes cost {@code cpuNanos} each. */
    private static Sample sample(String contender, int round, long cpuNanos) {
        long messages = MILLION / 10;
        LoadResult load = new LoadResult(500 * MILLION, messages, 64 * messages, 250_000, 900_000, 1_500_000);
        return new Sample(contender, round, load, cpuNanos * messages, 400 * MILLION, 1_000, 0);
    }

    private static Sample memory(String contender, int round, long bytes) {
        return new Sample(contender, round, new LoadResult(500 * MILLION, 0, 0, 0, 0, 0), 1, 1, 0, bytes);
    }
}
