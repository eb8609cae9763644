package io.hotpath.bench.run;

import io.hotpath.bench.load.Generator;
import io.hotpath.bench.load.Load;
import io.hotpath.bench.load.LoadResult;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * One scenario on servers that run. The machine's speed changes by the second, so everybody has a window in each round, and each
 * round begins with another one. A server that fails is out of it.
 */
final class Turns {
    /** A server is warm when so many windows in a row found its compilers quiet, or when it has had enough of them. */
    private static final int QUIET_WINDOWS = 3;

    private static final int WARM_WINDOWS_MAX = 50;

    private static final long WARM_WINDOW_NANOS = 500_000_000;

    /** The share of a window that a quiet JVM compiles in. */
    private static final double QUIET = 0.02;

    private final Scenario scenario;
    private final Load load;
    private final Timing timing;
    private final List<RunningContender> active;
    private final List<Failure> failures;

    Turns(Scenario scenario, SideBySide servers, Timing timing) {
        this.scenario = scenario;
        this.timing = timing;
        load = scenario.load();
        active = new ArrayList<>(servers.servers());
        failures = new ArrayList<>(servers.failures());
    }

    Measurement run() {
        warm();
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < timing.rounds(); i++) {
            List<Sample> round = round(i, timing.windowNanos());
            round.stream().filter(Turns::empty).forEach(this::fails);
            samples.addAll(round.stream().filter(sample -> !empty(sample)).toList());
        }
        List<Extra> extras = new ArrayList<>();
        for (RunningContender server : List.copyOf(active)) {
            try {
                extras.add(ExtraWindow.measure(server, load, timing));
            } catch (IllegalStateException failed) {
                fails(server.contender().id(), String.valueOf(failed.getMessage()));
            }
        }
        return new Measurement(scenario, samples, extras, failures);
    }

    /** Load for each until its JVM has compiled what this load runs: that takes seconds, and would be counted as the server's CPU. */
    private void warm() {
        for (RunningContender server : List.copyOf(active)) {
            try {
                warm(server);
            } catch (IllegalStateException failed) {
                fails(server.contender().id(), String.valueOf(failed.getMessage()));
            }
        }
    }

    private void warm(RunningContender server) {
        Proc process = new Proc(server.pid());
        int quiet = 0;
        for (int i = 0; i < WARM_WINDOWS_MAX && quiet < QUIET_WINDOWS; i++) {
            long before = process.compilerNanos();
            window(server, 0, WARM_WINDOW_NANOS);
            long compiled = process.compilerNanos() - before; // less than 0 if a compiler's thread has ended
            quiet = compiled >= 0 && compiled < QUIET * WARM_WINDOW_NANOS ? quiet + 1 : 0;
        }
    }

    /** A window of each, in an order that depends on the round. */
    private List<Sample> round(int round, long nanos) {
        List<RunningContender> order = new ArrayList<>(active);
        Collections.rotate(order, -round);
        List<Sample> measured = new ArrayList<>();
        for (RunningContender server : order) {
            try {
                measured.add(window(server, round, nanos));
            } catch (IllegalStateException failed) {
                fails(server.contender().id(), String.valueOf(failed.getMessage()));
            }
        }
        return measured;
    }

    private Sample window(RunningContender server, int round, long nanos) {
        ServerWindow window = new ServerWindow(server.pid());
        LoadResult result =
                Generator.run(load, server.address(), timing.settleNanos(), nanos, window);
        return window.sample(server.contender().id(), round, result, 0);
    }

    /** Forgivable while it warms: a JVM that starts has other things to do. */
    private static boolean empty(Sample sample) {
        return sample.load().messages() == 0;
    }

    private void fails(Sample empty) {
        fails(empty.contender(), "no message was answered in a window");
    }

    private void fails(String contender, String reason) {
        failures.add(new Failure(contender, reason));
        active.removeIf(server -> server.contender().id().equals(contender));
    }
}
