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

    private void warm() {
        for (RunningContender server : List.copyOf(active)) {
            try {
                WarmUp.run(server.pid(), () -> window(server, 0, WarmUp.WINDOW_NANOS));
            } catch (IllegalStateException failed) {
                fails(server.contender().id(), String.valueOf(failed.getMessage()));
            }
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
