package io.hotpath.faults;

import io.hotpath.engine.Engine;
import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** What a {@link Child} can be told to do to its echo, to itself, or to somebody else's echo. */
final class ChildDuty {
    private static final long PATIENCE_SECONDS = 25;
    private static final int SYS_RT_SIGACTION = 13;
    private static final int SIGPIPE = 13;
    private static final int TOGGLES_PER_TURN = 16;

    /** What the loop waits for between {@code block} and {@code unblock}. */
    private static CountDownLatch blocked = new CountDownLatch(0);

    private ChildDuty() {}

    static Answer answer(String[] words, @Nullable ChildEcho open) throws Exception {
        return switch (words[0]) {
            case "peer" -> peer(address(words), Long.parseLong(words[3]), Long.parseLong(words[4]));
            case "burst" -> Burst.connect(address(words), Integer.parseInt(words[3]));
            case "sigpipe" -> dieOfBrokenPipes();
            case "gc" -> collectGarbage(Integer.parseInt(words[1]));
            default -> answer(words, Objects.requireNonNull(open, "nothing is open"), words[0]);
        };
    }

    private static Answer answer(String[] words, ChildEcho echo, String duty) throws Exception {
        return switch (duty) {
            case "block" -> block(echo.engine());
            case "unblock" -> unblock();
            case "resume" -> onLoop(echo.engine(), echo::resume);
            case "toggle" -> toggle(echo, Integer.parseInt(words[1]));
            case "handoffs" -> handOffs(echo.engine(), Long.parseLong(words[1]));
            case "virtual" -> fromVirtualThreads(echo.engine(), Integer.parseInt(words[1]));
            default -> Answer.of(new IllegalArgumentException(duty));
        };
    }

    private static InetSocketAddress address(String[] words) {
        return new InetSocketAddress(words[1], Integer.parseInt(words[2]));
    }

    private static Answer peer(InetSocketAddress address, long bytes, long seed) {
        ChecksumClient.echo(address, bytes, seed);
        return Answer.ok("bytes", bytes);
    }

    /** The JVM's own handler would hide it: from here on a write to a broken pipe kills this process. */
    private static Answer dieOfBrokenPipes() {
        try (Arena arena = Arena.ofConfined()) {
            long defaultAction = arena.allocate(4 * Long.BYTES, Long.BYTES).address(); // struct sigaction, all 0
            return Answer.ok("result", Native.syscall(SYS_RT_SIGACTION, SIGPIPE, defaultAction, 0, Long.BYTES));
        }
    }

    private static Answer collectGarbage(int times) {
        long longest = 0;
        for (int i = 0; i < times; i++) {
            long start = System.nanoTime();
            System.gc();
            longest = Math.max(longest, System.nanoTime() - start);
        }
        return Answer.ok("longestMillis", TimeUnit.NANOSECONDS.toMillis(longest));
    }

    /** Answers when the loop stands still. */
    private static Answer block(Engine engine) throws InterruptedException {
        CountDownLatch reached = new CountDownLatch(1);
        CountDownLatch until = new CountDownLatch(1);
        blocked = until;
        engine.execute(() -> {
            reached.countDown();
            try {
                until.await();
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
        return awaited(reached);
    }

    private static Answer unblock() {
        blocked.countDown();
        return Answer.ok();
    }

    private static Answer onLoop(Engine engine, Runnable action) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        engine.execute(() -> {
            action.run();
            done.countDown();
        });
        return awaited(done);
    }

    /** Demand taken from all connections and given back, as often and as fast as the loop turns. */
    private static Answer toggle(ChildEcho echo, int times) throws InterruptedException {
        for (int i = 0; i < times; i += 2) {
            echo.engine().execute(() -> echo.demand(false));
            echo.engine().execute(() -> echo.demand(true));
            if (i % TOGGLES_PER_TURN == 0) {
                onLoop(echo.engine(), () -> {});
            }
        }
        return onLoop(echo.engine(), () -> {});
    }

    /** Each one waits for the one before, so that the loop falls asleep, or is about to, as often as it can. */
    private static Answer handOffs(Engine engine, long count) {
        AtomicLong done = new AtomicLong();
        for (long i = 1; i <= count; i++) {
            engine.execute(done::incrementAndGet);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            for (int spins = 0; done.get() < i; spins++) {
                if (spins % 1_000 == 999) {
                    LockSupport.parkNanos(1); // there may be fewer processors than threads
                    if (System.nanoTime() - deadline > 0) {
                        throw new AssertionError("hand-off " + i + " never came");
                    }
                }
                Thread.onSpinWait();
            }
        }
        return Answer.ok("done", done.get());
    }

    private static Answer fromVirtualThreads(Engine engine, int count) throws Exception {
        CompletableFuture<?>[] all = new CompletableFuture<?>[count];
        for (int i = 0; i < count; i++) {
            CompletableFuture<Void> done = new CompletableFuture<>();
            all[i] = done;
            Thread.startVirtualThread(() -> engine.execute(() -> done.complete(null)));
        }
        CompletableFuture.allOf(all).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        return Answer.ok("done", count);
    }

    private static Answer awaited(CountDownLatch latch) throws InterruptedException {
        if (!latch.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("the loop did not answer");
        }
        return Answer.ok();
    }
}
