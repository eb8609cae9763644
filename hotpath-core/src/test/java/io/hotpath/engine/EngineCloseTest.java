package io.hotpath.engine;

import static io.hotpath.engine.EngineContractTest.bytes;
import static io.hotpath.engine.EngineContractTest.catches;
import static io.hotpath.engine.EngineContractTest.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.hotpath.Errno;
import io.hotpath.kernel.sim.SimFaults;
import io.hotpath.kernel.sim.SimKernel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The end of an engine, and the doors for other threads while it runs. */
class EngineCloseTest {
    // ---- nothing stays ------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void closeInTheMiddleOfEverythingReportsEveryConnectionAndLeavesNothing(Beds beds) {
        beds.run(bed -> { // Bed.close looks for what is left
            bed.reports.onAccepted = side -> {
                side.reaction = side.connection.slot() % 2 == 0 ? Side.ECHO : Side.HOLD;
                side.onClosed = side::releaseAll;
                side.connection.start(true);
                side.connection.request(Long.MAX_VALUE);
            };
            List<Client> clients = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                Client client = bed.connectNarrow();
                if (i % 3 == 0) {
                    client.stall();
                }
                client.send(random(20_000));
                clients.add(client);
            }
            bed.turns(5);
            clients.get(2).reset();
            clients.get(4).finish();
            bed.turns(1);
            bed.engine.close();
            bed.engine.close();
            assertThat(bed.engine.connections()).isZero();
            assertThat(bed.engine.stats().leasesHeld()).isZero();
            assertThat(bed.reports.sides).allMatch(Side::closed);
            assertThat(bed.reports.listenersClosed).isEqualTo(1);
        });
    }

    @Test
    void closeUnderLoadLeavesNoDescriptorAndNoMapping() throws Exception {
        Set<String> before = held();
        for (int round = 0; round < 5; round++) {
            AtomicInteger ended = new AtomicInteger();
            try (Looped looped = new Looped(EngineConfig.DEFAULT.withBuffers(64, 1024), Looped.echo())) {
                for (int i = 0; i < 20; i++) {
                    Socket client = looped.connect();
                    Thread.ofPlatform().daemon(true).start(() -> {
                        try (client) {
                            byte[] content = random(10_000);
                            while (true) {
                                client.getOutputStream().write(content);
                                client.getInputStream().readNBytes(content.length / 2);
                            }
                        } catch (IOException reset) {
                            ended.incrementAndGet();
                        }
                    });
                }
                await("load", () -> looped.engine().stats().bytesOut() > 1 << 20);
            }
            await("every client saw the end", () -> ended.get() == 20);
        }
        Set<String> after = held();
        after.removeAll(before);
        assertThat(after).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void leasesOfAClosedEngineStayReadableAndComeHomeLaterFromAnyThread(Beds beds) {
        beds.run(Bed.SMALL, beds.real() ? 1 : 20, bed -> {
            Client client = bed.connect();
            Side side = bed.accepted();
            client.send(bytes("remember"));
            bed.until("received", () -> side.received() == 8);
            List<Long> leases = List.copyOf(side.held);
            bed.engine.close();
            assertThat(bed.engine.stats().leasesHeld()).isEqualTo(leases.size());
            StringBuilder text = new StringBuilder();
            for (long lease : leases) {
                for (int i = 0; i < side.leases().length(lease); i++) {
                    text.append((char) side.leases().byteAt(lease, i));
                }
            }
            assertThat(text).hasToString("remember");
            if (!beds.real()) {
                assertThat(bed.sim().mappedBytes()).isPositive();
            }
            join(Thread.ofPlatform().start(side::releaseAll));
            assertThat(bed.engine.stats().leasesHeld()).isZero();
            if (!beds.real()) {
                assertThat(bed.sim().mappedBytes()).isZero();
            }
            assertThatIllegalStateException().isThrownBy(() -> side.leases().length(leases.getFirst()));
            assertThatIllegalStateException().isThrownBy(() -> side.leases().release(leases.getFirst()));
        });
    }

    @ParameterizedTest
    @EnumSource
    void closeReportsWhatWaitedForCreditToo(Beds beds) {
        beds.run(bed -> {
            bed.engine.requireCredit();
            bed.engine.request(1);
            bed.connect();
            Side side = bed.accepted();
            side.connection.send(bytes("x"), 0, 1, 1);
            bed.turns(3);
            side.connection.reset();
            bed.until("gone", () -> bed.engine.connections() == 0);
            bed.turns(3);
            assertThat(side.closes).isZero();
            assertThat(side.sent).isEmpty();
            bed.engine.close();
            assertThat(side.closes).isEqualTo(1);
            assertThat(side.sent).hasSize(1);
        });
    }

    @Test
    void closeOnAKernelThatAnswersNoCancelReturnsByItsDeadlineAndLeaksOnPurpose() {
        SimKernel sim = SimKernel.create(1, SimFaults.none());
        Bed bed = Bed.tampered(new TamperedKernel(sim, TamperedKernel.DEAF), Bed.SMALL);
        Client client = bed.connect();
        Side side = bed.accepted();
        client.stall();
        side.connection.send(random(5_000), 0, 5_000, 1);
        bed.turns(3);
        long before = sim.nanoTime();
        bed.engine.close();
        assertThat(sim.nanoTime() - before).isBetween(1_900_000_000L, 2_500_000_000L);
        assertThat(side.closes).isEqualTo(1);
        assertThat(side.sent).hasSize(1);
        assertThat(side.sent.getFirst().errno()).isPositive();
        assertThat(sim.openDescriptors()).isZero();
        assertThat(client.sawReset()).isTrue();
        assertThat(sim.mappedBytes()).as("the kernel may still write").isPositive();
        assertThat(bed.reports.listenersClosed).isEqualTo(1);
        assertThat(bed.reports.failures).isEmpty();
    }

    @Test
    void closeOnABrokenRingClosesEveryDescriptorAndReportsEveryConnection() {
        SimKernel sim = SimKernel.create(1, SimFaults.none());
        TamperedKernel kernel = new TamperedKernel(sim);
        Bed bed = Bed.tampered(kernel, Bed.SMALL);
        Client client = bed.connect();
        Side side = bed.accepted();
        client.send(bytes("held"));
        bed.until("received", () -> !side.held.isEmpty());
        side.connection.send(bytes("lost"), 0, 4, 1);
        kernel.forOneRing = false;
        kernel.enterErrno = Errno.EBADR;
        bed.engine.close();
        assertThat(side.closes).isEqualTo(1);
        assertThat(side.closeErrno).isPositive();
        assertThat(side.sent).hasSize(1);
        assertThat(side.sent.getFirst().errno()).isPositive();
        assertThat(sim.openDescriptors()).isZero();
        assertThat(side.leases().held(side.held.getFirst())).isTrue();
        side.releaseAll();
        assertThat(bed.reports.failures).isEmpty();
    }

    @Test
    void aClosedEngineRefusesEverything() throws IOException {
        Bed bed = Bed.sim(Bed.SMALL);
        ListenAddress spare = ListenAddress.bind(bed.engine, new InetSocketAddress(9), 1, 1);
        bed.listener.close();
        bed.engine.close();
        assertThat(catches(() -> bed.engine.execute(() -> {}))).isInstanceOf(RejectedExecutionException.class);
        assertThatIllegalStateException().isThrownBy(() -> bed.connectOut(bed.listener.address()));
        assertThatIllegalStateException().isThrownBy(() -> bed.engine.listen(spare, 0, bed.reports));
        bed.engine.wakeup();
    }

    @Test
    void shutdownLetsEveryConnectionFinishWhatItHasToSend() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            Client client = bed.connect();
            Side side = bed.accepted();
            byte[] content = random(50_000);
            side.connection.send(content, 0, content.length, 1);
            bed.engine.shutdown();
            bed.until("ended", () -> client.sawFin());
            client.finish();
            bed.until("closed", side::closed);
            assertThat(client.received()).isEqualTo(content);
            assertThat(side.closeErrno).isZero();
            assertThat(bed.reports.listenersClosed).isEqualTo(1);
        }
    }

    @Test
    void anEngineThatCannotOpenLeavesNothingBehind() {
        SimKernel sim = SimKernel.create(1);
        sim.descriptorLimit(0);
        assertThat(catches(() -> Engine.open(sim, Bed.SMALL))).hasMessageContaining("EMFILE");
        assertThat(sim.mappedBytes()).isZero();
    }

    // ---- other threads ------------------------------------------------------------------------------------------

    @Test
    void everyOneOf100000HandOffsArrivesWhileTheLoopSleepsAndWakes() throws Exception {
        int threads = 4;
        int each = 25_000;
        AtomicInteger ran = new AtomicInteger();
        try (Looped looped = new Looped(EngineConfig.DEFAULT, Looped.echo())) {
            Engine engine = looped.engine();
            List<Thread> workers = new ArrayList<>();
            AtomicInteger hung = new AtomicInteger();
            for (int t = 0; t < threads; t++) {
                int pace = 1 << t; // one after the other, and several at a time
                workers.add(Thread.ofPlatform().start(() -> {
                    Semaphore done = new Semaphore(pace);
                    for (int i = 0; i < each; i++) {
                        if (!acquire(done)) {
                            hung.incrementAndGet();
                            return;
                        }
                        engine.execute(() -> {
                            ran.incrementAndGet();
                            done.release();
                        });
                        if (i % 7 == 0) {
                            engine.wakeup();
                        }
                    }
                    for (int i = 0; i < pace; i++) {
                        hung.addAndGet(acquire(done) ? 0 : 1);
                    }
                }));
            }
            for (Thread worker : workers) {
                join(worker);
            }
            assertThat(hung.get()).isZero();
            assertThat(ran.get()).isEqualTo(threads * each);
        }
    }

    @Test
    void aTaskThatThrowsHurtsNobody() throws Exception {
        try (Looped looped = new Looped(EngineConfig.DEFAULT, Looped.echo()); Socket client = looped.connect()) {
            looped.engine().execute(() -> {
                throw new AssertionError("a task's own trouble");
            });
            looped.onLoop(engine -> assertThat(engine.inLoop()).isTrue());
            client.getOutputStream().write(bytes("fine"));
            assertThat(client.getInputStream().readNBytes(4)).isEqualTo(bytes("fine"));
        }
    }

    @Test
    void tasksRunInTheOrderTheyCameAlsoWhenThereAreManyAndThoseBeforeCloseRun() {
        Bed bed = Bed.sim(Bed.SMALL);
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            int number = i;
            bed.engine.execute(() -> order.add(number));
        }
        bed.turn();
        assertThat(order).hasSizeLessThan(5_000); // a flood of tasks cannot stop input
        bed.close();
        assertThat(order).hasSize(5_000).isSorted();
    }

    @Test
    void aLeaseReleasedElsewhereWakesALoopThatSleepsForWantOfBuffers() throws Exception {
        List<Long> leases = Collections.synchronizedList(new ArrayList<>());
        ConnectionHandler holder = new ConnectionHandler() {
            @Override
            public void received(Connection connection, long lease, int length) {
                leases.add(lease);
            }

            @Override
            public void closed(Connection connection, int errno) {}
        };
        ListenerHandler handler = connection -> {
            connection.adopt(holder);
            connection.start(true);
            connection.request(Long.MAX_VALUE);
        };
        try (Looped looped = new Looped(EngineConfig.DEFAULT.withBuffers(4, 64), handler);
                Socket client = looped.connect()) {
            Leases all = looped.engine().leases();
            int sent = 64 * 200;
            client.getOutputStream().write(random(sent));
            await("all came", () -> {
                List<Long> held = List.copyOf(leases);
                leases.removeAll(held);
                held.forEach(all::release);
                return looped.engine().stats().bytesIn() == sent;
            });
            List.copyOf(leases).forEach(all::release);
        }
    }

    // ---- helpers ------------------------------------------------------------------------------------------------

    private static boolean acquire(Semaphore semaphore) {
        try {
            return semaphore.tryAcquire(20, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    private static void join(Thread thread) {
        try {
            assertThat(thread.join(Duration.ofSeconds(60))).as("the thread has ended").isTrue();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    private static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - deadline).as("never happened: " + what).isNegative();
            Thread.onSpinWait();
        }
    }

    /** Descriptors of rings, events and sockets, and mappings of rings, of this process. */
    private static Set<String> held() throws IOException {
        Set<String> held = new TreeSet<>();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"));
                Stream<String> mappings = Files.lines(Path.of("/proc/self/maps"))) {
            for (Path descriptor : descriptors.toList()) {
                try {
                    String target = Files.readSymbolicLink(descriptor).toString();
                    if (target.startsWith("socket:") || target.contains("io_uring") || target.contains("eventfd")) {
                        held.add(descriptor + " " + target);
                    }
                } catch (IOException closedMeanwhile) {
                    // it is the descriptor of this listing
                }
            }
            mappings.filter(line -> line.contains("io_uring")).forEach(held::add);
        }
        return held;
    }
}
