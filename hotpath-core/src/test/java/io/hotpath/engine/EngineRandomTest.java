package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.kernel.sim.SimCounters;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random stories. Whatever happens: no byte is lost, repeated or anybody else's, every send call is reported, every connection
 * closes once, every buffer has one owner and comes home.
 *
 * <p>{@code -Dhotpath.seed=n} repeats one story, {@code -Dhotpath.seeds=n} tells more of them. A story that fails is told again
 * with ever less steps as long as it fails, and the rest is printed; {@code -Dhotpath.shrink=n} limits how often.
 */
class EngineRandomTest {
    private static final int SEEDS = Integer.getInteger("hotpath.seeds", 10_000);
    private static final int SHRINK_RUNS_MAX = Integer.getInteger("hotpath.shrink", 1_000);

    private final Map<String, Long> seen = new TreeMap<>();

    @Test
    void whateverHappensNoByteIsLostAndEverythingComesHome() throws InterruptedException {
        Long given = Long.getLong("hotpath.seed");
        if (given != null) {
            tell(given);
            return;
        }
        AtomicLong next = new AtomicLong(1);
        List<Throwable> failures = new ArrayList<>();
        List<Thread> tellers = new ArrayList<>();
        for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
            tellers.add(Thread.ofPlatform().name("teller-" + i).start(() -> tellAll(next, failures)));
        }
        for (Thread teller : tellers) {
            teller.join();
        }
        if (!failures.isEmpty()) {
            throw new AssertionError(failures.getFirst().getMessage(), failures.getFirst());
        }
        assertThat(seen).as("what the stories were about").allSatisfy((what, times) -> assertThat(times).isPositive());
    }

    private void tellAll(AtomicLong next, List<Throwable> failures) {
        for (long seed = next.getAndIncrement(); seed <= SEEDS; seed = next.getAndIncrement()) {
            try {
                tell(seed);
            } catch (Throwable failed) {
                synchronized (failures) {
                    failures.add(failed);
                }
                next.set(SEEDS + 1L);
            }
        }
    }

    private void tell(long seed) {
        List<StoryStep> steps = StoryStep.of(seed);
        Throwable failure = failure(seed, steps);
        if (failure == null) {
            return;
        }
        List<StoryStep> least = shrink(seed, steps);
        StringBuilder text = new StringBuilder("-Dhotpath.seed=" + seed + ": " + cause(failure) + "\n" + least.size()
                + " of its " + steps.size() + " steps are enough to fail:");
        least.forEach(step -> text.append("\n  ").append(step));
        Throwable last = failure(seed, least);
        text.append("\nand then: ").append(last == null ? "nothing, the second time" : cause(last));
        throw new AssertionError(text.toString(), last == null ? failure : last);
    }

    private static String cause(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage());
    }

    /** Leaves out ever smaller parts of {@code steps} as long as what is left fails, whatever with. */
    private List<StoryStep> shrink(long seed, List<StoryStep> steps) {
        List<StoryStep> least = steps;
        int runs = 0;
        for (int part = (steps.size() + 1) / 2; part >= 1; part = part == 1 ? 0 : (part + 1) / 2) {
            for (int from = 0; from < least.size() && runs < SHRINK_RUNS_MAX; runs++) {
                List<StoryStep> fewer = new ArrayList<>(least.subList(0, from));
                fewer.addAll(least.subList(Math.min(from + part, least.size()), least.size()));
                if (failure(seed, fewer) != null) {
                    least = fewer;
                } else {
                    from += part;
                }
            }
        }
        return least;
    }

    /** What goes wrong when {@code seed} tells {@code steps}, or null. */
    private @Nullable Throwable failure(long seed, List<StoryStep> steps) {
        try {
            Story story = new Story(seed);
            remember(story.tell(steps), story.kernel.counters());
            return null;
        } catch (RuntimeException | AssertionError failed) {
            return failed;
        }
    }

    private synchronized void remember(EngineStats stats, SimCounters kernel) {
        add("enobufs", stats.enobufs());
        add("parks", stats.parks());
        add("copiedOut", stats.copiedOut());
        add("reserveServed", stats.reserveServed());
        add("sendShort", stats.sendShort());
        add("acceptPauses", stats.acceptPauses());
        add("acceptErrors", stats.acceptErrors());
        add("refused", stats.refused());
        add("closeDeadlines", stats.closeDeadlines());
        add("closedByFailure", stats.closedByFailure());
        add("failovers", stats.failovers());
        add("movedSending", stats.movedSending());
        add("movedParked", stats.movedParked());
        add("closedByLoss", stats.closedByLoss());
        add("overflows", kernel.overflowed());
        add("lostMore", kernel.lostMore());
        add("spuriousEnobufs", kernel.spuriousEnobufs());
        add("shortRecvs", kernel.shortRecvs());
        add("shortSends", kernel.shortSends());
        add("shortSubmits", kernel.shortSubmits());
        add("delayed", kernel.delayed());
        add("slow", kernel.slow());
        add("lateCancels", kernel.lateCancels());
        add("cancelsWithBuffer", kernel.cancelsWithBuffer());
        add("lostCompletions", kernel.lostCompletions());
        add("lostAccepts", kernel.lostAccepts());
        add("refusedRings", kernel.refusedRings());
        add("refusedEnters", kernel.refusedEnters());
        add("interruptedEnters", kernel.interruptedEnters());
    }

    private void add(String what, long times) {
        seen.merge(what, times, Long::sum);
    }
}
