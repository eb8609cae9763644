package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingFeatures;
import io.hotpath.kernel.sim.SimKernel;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A loop that looks again instead of sleeping, for a while after something completed. */
class EngineBusyPollTest {
    private static final int PORT = 7007;

    private final SimKernel sim = SimKernel.create(1);
    private long now;
    private int waitedFor;
    private int enters;

    /** Whether the kernel shows deferred work in memory, and what happens at a look at the clock while it is watched. */
    private boolean shows;

    private @Nullable Runnable atALook;
    private @Nullable KernelRing opened;

    /** The simulation with a clock of ours, and what it is asked to wait for. */
    private Kernel kernel() {
        return proxy(Kernel.class, (method, arguments) -> switch (method.getName()) {
            case "nanoTime" -> look();
            case "openRing" -> {
                opened = (KernelRing) invoke(method, sim, arguments);
                yield ring(opened);
            }
            default -> invoke(method, sim, arguments);
        });
    }

    private KernelRing ring(KernelRing real) {
        return proxy(KernelRing.class, (method, arguments) -> {
            if (method.getName().equals("enter")) {
                waitedFor = (Integer) arguments[1];
                enters++;
            }
            if (method.getName().equals("features") && shows) {
                RingFeatures features = real.features();
                return new RingFeatures(
                        features.setupFlags() | Abi.IORING_SETUP_TASKRUN_FLAG, features.deferTaskrun(),
                        features.registeredFd(), features.restricted(), features.noIowait());
            }
            return invoke(method, real, arguments);
        });
    }

    private long look() {
        Runnable happens = atALook;
        if (happens != null && now % 1000 == 500) {
            atALook = null;
            happens.run();
        }
        return shows ? now++ : now;
    }

    private interface Call {
        Object of(Method method, Object[] arguments) throws Throwable;
    }

    private static <T> T proxy(Class<T> type, Call call) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[]{type}, (self, method, arguments) -> call.of(method, arguments)));
    }

    private static Object invoke(Method method, Object target, Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }

    private Engine open(Duration busyPoll) throws IOException {
        Engine engine = Engine.open(kernel(), EngineConfig.DEFAULT.withBusyPoll(busyPoll));
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), PORT);
        engine.listen(ListenAddress.bind(engine, address, 10, 1), 0, Looped.echo());
        engine.run(0);
        return engine;
    }

    /** Turns until nothing is left to do: such a turn may wait. */
    private void settle(Engine engine) {
        for (int i = 0; i < 20; i++) {
            engine.run(1000);
        }
    }

    @Test
    void looksAgainForThatTimeAndSleepsThen() throws IOException {
        now = Duration.ofDays(1).toNanos();
        try (Engine engine = open(Duration.ofMillis(1))) {
            sim.connect(PORT).send("x");
            settle(engine);
            assertThat(engine.stats().bytesIn()).isEqualTo(1);
            assertThat(waitedFor).as("just after a completion").isZero();
            now += 999_999;
            engine.run(1000);
            assertThat(waitedFor).as("within the millisecond").isZero();
            now += 1;
            engine.run(1000);
            assertThat(waitedFor).as("after it").isEqualTo(1);
        }
    }

    @Test
    void watchesTheRingWithoutEnteringAndSleepsThen() throws IOException {
        try (Engine engine = watching()) {
            int before = enters;
            long begun = now;
            engine.run(Long.MAX_VALUE);
            assertThat(enters - before).isEqualTo(1);
            assertThat(waitedFor).isEqualTo(1);
            assertThat(now - begun).isGreaterThanOrEqualTo(10_000);
        }
    }

    @Test
    void entersWhenTheRingShowsASignAndDoesNotSleep() throws IOException {
        try (Engine engine = watching()) {
            atALook = () -> Abi.COUNTER.setRelease(ring().memory().sqFlags(), 0L, Abi.IORING_SQ_TASKRUN);
            assertEndsEarly(engine);
            Abi.COUNTER.setRelease(ring().memory().sqFlags(), 0L, 0);
        }
    }

    @Test
    void endsTheWatchForATask() throws IOException {
        try (Engine engine = watching()) {
            boolean[] ran = new boolean[1];
            atALook = () -> engine.execute(() -> ran[0] = true);
            assertEndsEarly(engine);
            engine.run(0);
            assertThat(ran[0]).isTrue();
        }
    }

    @Test
    void endsTheWatchWhenItsTimeIsOver() throws IOException {
        try (Engine engine = watching()) {
            long begun = now;
            engine.run(300);
            assertThat(now - begun).isBetween(300L, 5000L);
            assertThat(waitedFor).as("its time was over").isZero();
        }
    }

    @Test
    void endsTheWatchForATimer() throws IOException {
        try (Engine engine = watching()) {
            boolean[] ran = new boolean[1];
            engine.after(300, () -> ran[0] = true);
            long begun = now;
            engine.run(Long.MAX_VALUE);
            engine.run(0);
            assertThat(ran[0]).isTrue();
            assertThat(now - begun).isLessThan(5000);
        }
    }

    private KernelRing ring() {
        return Objects.requireNonNull(opened);
    }

    private void assertEndsEarly(Engine engine) {
        long begun = now;
        engine.run(Long.MAX_VALUE);
        assertThat(waitedFor).isZero();
        assertThat(now - begun).isLessThan(5000);
    }

    /** An engine that has just completed something and has nothing to do; its clock goes on by a nanosecond at each look. */
    private Engine watching() throws IOException {
        shows = true;
        Engine engine = open(Duration.ofNanos(10_000));
        sim.connect(PORT).send("x");
        for (int i = 0; i < 20; i++) {
            engine.run(0);
        }
        assertThat(engine.stats().bytesIn()).isEqualTo(1);
        return engine;
    }

    @Test
    void sleepsAtOnceByDefault() throws IOException {
        try (Engine engine = open(Duration.ZERO)) {
            sim.connect(PORT).send("x");
            settle(engine);
            assertThat(engine.stats().bytesIn()).isEqualTo(1);
            assertThat(waitedFor).isEqualTo(1);
        }
    }

    @Test
    void refusesANegativeTime() {
        assertThatThrownBy(() -> EngineConfig.DEFAULT.withBusyPoll(Duration.ofNanos(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("busyPoll");
    }
}
