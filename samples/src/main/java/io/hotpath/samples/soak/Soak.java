package io.hotpath.samples.soak;

import io.hotpath.engine.EngineStats;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/** Traffic all the time, a random fault about every second, and at the end a line that says whether all was well. */
final class Soak {
    private static final List<Fault> FAULTS = List.of(Fault.values());
    private static final int WORKERS = 24;
    private static final int FAULTS_AT_A_TIME = 16;
    private static final int FAULT_MILLIS_MAX = 1500;
    private static final int PROBLEMS_SHOWN = 10;

    private final long end;
    private final Random random;
    private final Servers servers = new Servers();
    private final Clients clients = new Clients(servers);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<Fault, AtomicLong> counts = new EnumMap<>(Fault.class);
    private final Semaphore faults = new Semaphore(FAULTS_AT_A_TIME);
    private final ConcurrentLinkedQueue<String> problems = new ConcurrentLinkedQueue<>();
    private final AtomicLong seeds;

    Soak(Duration time, long seed) {
        end = System.nanoTime() + time.toNanos();
        random = new Random(seed);
        seeds = new AtomicLong(seed);
        for (Fault fault : FAULTS) {
            counts.put(fault, new AtomicLong());
        }
    }

    /** Returns whether all was well. */
    boolean run() throws IOException, InterruptedException {
        long start = System.nanoTime();
        for (int i = 0; i < WORKERS; i++) {
            threads.execute(this::work);
        }
        Memory settled = null;
        Memory last = null;
        for (int quarter = 1; quarter <= 4; quarter++) {
            injectUntil(start + (end - start) / 4 * quarter);
            Memory now = Memory.now();
            settled = settled == null ? now : settled;
            last = now;
            System.out.println("after " + quarter + "/4: " + now + ", " + (clients.bytesChecked.get() >> 20)
                    + " MiB checked on " + clients.connections + " connections");
        }
        threads.shutdown();
        if (!threads.awaitTermination(2, TimeUnit.MINUTES)) {
            problem("clients did not end");
            threads.shutdownNow();
        }
        servers.stop();
        return report(settled != null && last != null && last.flatSince(settled));
    }

    private void work() {
        while (System.nanoTime() - end < 0) {
            attempt("echo", () -> clients.echo(seeds.incrementAndGet()));
        }
    }

    private void injectUntil(long time) throws InterruptedException {
        while (System.nanoTime() - time < 0) {
            Fault fault = FAULTS.get(random.nextInt(FAULTS.size()));
            faults.acquire();
            threads.execute(() -> {
                attempt(fault.text(), () -> {
                    inject(fault);
                    count(fault);
                });
                faults.release();
            });
            Thread.sleep(random.nextInt(FAULT_MILLIS_MAX));
        }
    }

    private void count(Fault fault) {
        counts.computeIfAbsent(fault, unknown -> new AtomicLong()).incrementAndGet();
    }

    private void inject(Fault fault) throws Exception {
        switch (fault) {
            case FAILOVER -> servers.forceUnhealthy();
            case PEER_RESET -> clients.reset(seeds.incrementAndGet());
            case SLOW_READER -> clients.download(0, 20);
            case STALLED_PEER -> clients.download(3000, 0);
            case HALF_CLOSE -> clients.halfClose(seeds.incrementAndGet());
            case STORM -> clients.storm();
            case SERVER_CLOSE -> clients.serverCloses();
            case SERVER_RESET -> clients.serverResets();
            case LIMIT -> clients.exceedLimit();
        }
    }

    /** Something that may fail. */
    private interface Attempt {
        void run() throws Exception;
    }

    private void attempt(String name, Attempt attempt) {
        try {
            attempt.run();
        } catch (Exception failed) {
            problem(name + ": " + failed);
        }
    }

    private void problem(String what) {
        problems.add(what);
        if (problems.size() <= PROBLEMS_SHOWN) {
            System.out.println("PROBLEM " + what);
        }
    }

    private boolean report(boolean flat) throws IOException {
        long enobufs = servers.sum(EngineStats::enobufs);
        long left = servers.sum(stats -> stats.leasesHeld() + stats.copiesHeld() + stats.connections());
        long impossible = servers.sum(stats -> stats.staleCompletions() + stats.staleLeases() + stats.unexpectedErrnos()
                + stats.closedByLoss());
        boolean every = enobufs > 0 && counts.values().stream().allMatch(count -> count.get() > 0);
        boolean well = problems.isEmpty() && left == 0 && impossible == 0 && every && flat;
        System.out.println("after the end: " + Memory.now() + (flat ? "; flat since 1/4" : "; GREW since 1/4"));
        System.out.println((well ? "well: " : "NOT WELL: ")
                + counts.entrySet().stream()
                        .map(count -> count.getKey().text() + " " + count.getValue())
                        .collect(Collectors.joining(", "))
                + ", enobufs " + enobufs + "; ring moves " + servers.sum(EngineStats::failovers) + ", problems "
                + problems.size() + ", impossible " + impossible + ", buffers and connections left " + left);
        return well;
    }
}
