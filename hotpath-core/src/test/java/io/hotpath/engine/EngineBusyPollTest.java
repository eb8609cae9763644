package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.sim.SimKernel;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A loop that looks again instead of sleeping, for a while after something completed. */
class EngineBusyPollTest {
    private static final int PORT = 7007;

    private final SimKernel sim = SimKernel.create(1);
    private long now;
    private int waitedFor;

    /** The simulation with a clock of ours, and what it is asked to wait for. */
    private Kernel kernel() {
        return proxy(Kernel.class, (method, arguments) -> switch (method.getName()) {
            case "nanoTime" -> now;
            case "openRing" -> ring((KernelRing) invoke(method, sim, arguments));
            default -> invoke(method, sim, arguments);
        });
    }

    private KernelRing ring(KernelRing real) {
        return proxy(KernelRing.class, (method, arguments) -> {
            if (method.getName().equals("enter")) {
                waitedFor = (Integer) arguments[1];
            }
            return invoke(method, real, arguments);
        });
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
