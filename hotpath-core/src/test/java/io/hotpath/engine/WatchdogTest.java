package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WatchdogTest {
    private static final long PATIENCE_SECONDS = 30;

    private final Logger logger = Logger.getLogger(Watchdog.class.getName());
    private final Records records = new Records();

    @BeforeEach
    void listen() {
        logger.setLevel(Level.WARNING); // tests of the package keep it quiet
        logger.setUseParentHandlers(false);
        logger.addHandler(records);
    }

    @AfterEach
    void stopListening() {
        logger.removeHandler(records);
        logger.setUseParentHandlers(true);
        logger.setLevel(null);
    }

    @Test
    void aHandlerThatBlocksTheLoopIsCountedAndLoggedOnceWithItsStack() throws IOException {
        CountDownLatch gate = new CountDownLatch(1);
        ConnectionHandler handler = new ConnectionHandler() {
            @Override
            public void received(Connection connection, long lease, int length) {
                blockInHandler(gate);
                connection.send(lease, 0);
            }

            @Override
            public void closed(Connection connection, int errno) {}
        };
        try (Looped server = new Looped(EngineConfig.DEFAULT, connection -> {
            connection.adopt(handler);
            connection.start(true);
            connection.request(Long.MAX_VALUE);
        }); Socket client = server.connect()) {
            client.getOutputStream().write('x');
            await(() -> server.engine().stats().loopBlocked() == 1 && !records.all.isEmpty());
            gate.countDown();
            assertThat(client.getInputStream().read()).isEqualTo('x');
            assertThat(server.engine().stats().loopBlocked()).isEqualTo(1);
        }
        assertThat(records.all).hasSize(1);
        assertThat(records.all.getFirst().getLevel()).isEqualTo(Level.WARNING);
        assertThat(records.all.getFirst().getMessage()).contains("loop=looped", "state=blocked", "remedy=");
        assertThat(records.all.getFirst().getThrown().getStackTrace())
                .anyMatch(frame -> frame.getMethodName().equals("blockInHandler"));
    }

    private static void blockInHandler(CountDownLatch gate) {
        try {
            gate.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    @Test
    void aLoopThatWaitsOrMovesOnIsNotBlockedHoweverOftenItIsLookedAt() {
        Watchdog watchdog = new Watchdog(3_600_000);
        Pulse pulse = new Pulse();
        watchdog.watch(pulse);
        pulse.runs();
        pulse.waits();
        looks(watchdog, 3 * Watchdog.LOOKS);
        for (int i = 0; i < 3 * Watchdog.LOOKS; i++) {
            pulse.wakes();
            looks(watchdog, Watchdog.LOOKS);
            pulse.waits();
        }
        pulse.wakes();
        pulse.leaves(); // who turns it by hand may do what he likes in between
        looks(watchdog, 3 * Watchdog.LOOKS);
        assertThat(pulse.blocked()).isZero();
        assertThat(records.all).isEmpty();
        watchdog.leave(pulse);
    }

    @Test
    void eachTimeThatALoopIsBlockedCountsOnce() {
        Watchdog watchdog = new Watchdog(3_600_000);
        Pulse pulse = new Pulse();
        watchdog.watch(pulse);
        for (int i = 1; i <= 3; i++) {
            pulse.runs();
            looks(watchdog, 4 * Watchdog.LOOKS);
            assertThat(pulse.blocked()).isEqualTo(i);
            pulse.waits();
            looks(watchdog, 1);
        }
        assertThat(records.all).hasSize(3);
        watchdog.leave(pulse);
    }

    @Test
    void aLoggerThatFailsEndsNoWatch() {
        records.failing = true;
        Watchdog watchdog = new Watchdog(3_600_000);
        Pulse first = new Pulse();
        Pulse second = new Pulse();
        watchdog.watch(first);
        watchdog.watch(second);
        first.runs();
        second.runs();
        looks(watchdog, 1 + Watchdog.LOOKS);
        assertThat(first.blocked()).isEqualTo(1);
        assertThat(second.blocked()).isEqualTo(1);
        watchdog.leave(first);
        watchdog.leave(second);
    }

    @Test
    void workBetweenTurnsCountsIfTheLoopSaysSo() {
        Watchdog watchdog = new Watchdog(3_600_000);
        Pulse pulse = new Pulse();
        watchdog.watch(pulse);
        pulse.alwaysRuns();
        pulse.runs();
        pulse.leaves();
        looks(watchdog, 1 + Watchdog.LOOKS);
        assertThat(pulse.blocked()).isEqualTo(1);
        watchdog.leave(pulse);
    }

    @Test
    void itsThreadEndsWithTheLastEngine() {
        Watchdog watchdog = new Watchdog(4);
        Pulse pulse = new Pulse();
        watchdog.watch(pulse);
        assertThat(watchdog.runs()).isTrue();
        watchdog.leave(pulse);
        await(() -> !watchdog.runs());
        watchdog.watch(pulse);
        assertThat(watchdog.runs()).isTrue();
        watchdog.leave(pulse);
    }

    private static void looks(Watchdog watchdog, int count) {
        for (int i = 0; i < count; i++) {
            watchdog.look();
        }
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - deadline).isNegative();
            Thread.onSpinWait();
        }
    }

    private static final class Records extends Handler {
        final List<LogRecord> all = new CopyOnWriteArrayList<>();
        volatile boolean failing;

        @Override
        public void publish(LogRecord record) {
            if (failing) {
                throw new IllegalStateException("on purpose");
            }
            all.add(record);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
