package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.KernelPolicy;
import io.hotpath.faults.ClosingAudit;
import io.hotpath.kernel.linux.UringHost;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Loops stop under full load, and start again on the same port, many times, and leave nothing behind. */
final class StopIT {
    private static final int CLIENTS = 16;
    private static final long LOAD_BYTES = 1 << 20;

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void stopsUnderFullLoad(KernelPolicy policy) throws Exception {
        stopUnderFullLoad(policy, 20);
    }

    @ParameterizedTest
    @Tag("faults")
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void stopsUnderFullLoadTwoHundredTimes(KernelPolicy policy) throws Exception {
        stopUnderFullLoad(policy, 200);
    }

    private static void stopUnderFullLoad(KernelPolicy policy, int times) throws IOException {
        EngineConfig config = config(policy);
        ClosingAudit before = Loops.audit();
        long reset = 0;
        for (int i = 0; i < times; i++) {
            AtomicInteger ended = new AtomicInteger();
            try (Loops loops = new Loops(1, 0, Looped.echo())) {
                Loops.Running running = loops.start(0, config);
                for (int c = 0; c < CLIENTS; c++) {
                    flood(loops.port(), ended);
                }
                Loops.await("load", () -> running.stats().bytesOut() > LOAD_BYTES
                        && running.stats().accepted() == CLIENTS);
                assertThat(ended.get()).isZero();
                running.loop.stop();
                assertThat(running.ended()).as("stopped, not failed").isEmpty();
                assertThat(running.stats().closedByReset()).as("connections that were open").isEqualTo(CLIENTS);
                reset += running.stats().closedByReset();
            }
            Loops.await("every client saw the end", () -> ended.get() == CLIENTS);
            before.requireNoMore();
        }
        System.out.println("stop: policy=" + policy + " times=" + times + " reset=" + reset);
    }

    /** Writes and reads as fast as it can until the end. */
    private static void flood(int port, AtomicInteger ended) throws IOException {
        Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
        client.setSoTimeout(20_000);
        Thread.ofPlatform().daemon(true).name("flood").start(() -> {
            byte[] content = new byte[16 << 10];
            try (client) {
                while (true) {
                    client.getOutputStream().write(content);
                    if (client.getInputStream().readNBytes(content.length / 2).length == 0) {
                        return;
                    }
                }
            } catch (IOException reset) {
                // as expected
            } finally {
                ended.incrementAndGet();
            }
        });
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void startsAndStopsOnOnePort(KernelPolicy policy) throws Exception {
        startAndStopOnOnePort(policy, 50);
    }

    @ParameterizedTest
    @Tag("faults")
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void startsAndStopsOnOnePortFiveHundredTimes(KernelPolicy policy) throws Exception {
        startAndStopOnOnePort(policy, 500);
    }

    /** Connections are open when it stops, others are in TIME_WAIT on its side: neither keeps the port from it. */
    private static void startAndStopOnOnePort(KernelPolicy policy, int times) throws IOException {
        EngineConfig config = config(policy).withEntries(64).withBuffers(16, 1024);
        ClosingAudit before = Loops.audit();
        int port = 0;
        int served = 0;
        for (int i = 0; i < times; i++) {
            List<Socket> open = new ArrayList<>();
            int count = 1 + i % 2;
            try (Loops loops = new Loops(count, port, i % 3 == 0 ? closing() : Looped.echo())) {
                for (int loop = 0; loop < count; loop++) {
                    loops.start(loop, config);
                }
                port = loops.port();
                for (int c = 0; c < 3; c++) {
                    Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
                    client.setSoTimeout(20_000);
                    client.getOutputStream().write(c);
                    assertThat(client.getInputStream().read()).isEqualTo(c);
                    served++;
                    open.add(client);
                }
                if (i % 3 == 0) {
                    endInOrder(loops, count, open);
                }
            }
            for (Socket client : open) {
                client.close();
            }
        }
        assertThat(served).isEqualTo(3 * times);
        System.out.println("start/stop: policy=" + policy + " times=" + times + " port=" + port + " served=" + served);
        before.requireNoMore();
    }

    private static void endInOrder(Loops loops, int count, List<Socket> clients) throws IOException {
        for (Socket client : clients) {
            assertThat(client.getInputStream().read()).as("the server ends first").isEqualTo(-1);
            client.close();
        }
        for (int loop = 0; loop < count; loop++) {
            Engine engine = loops.loop(loop).engine();
            Loops.await("all closed", () -> engine.stats().connections() == 0);
        }
    }

    /** Echoes once and ends first, so that what is left of the connection is on this side. */
    private static ListenerHandler closing() {
        return connection -> {
            connection.adopt(new ConnectionHandler() {
                @Override
                public void received(Connection own, long lease, int length) {
                    own.send(lease, 0);
                    own.close();
                }

                @Override
                public void closed(Connection own, int errno) {}
            });
            connection.start(true);
            connection.request(Long.MAX_VALUE);
        };
    }

    private static EngineConfig config(KernelPolicy policy) {
        if (policy == KernelPolicy.IO_URING) {
            UringHost.require();
        }
        return EngineConfig.DEFAULT.withPolicy(policy).withBuffers(64, 1024);
    }
}
