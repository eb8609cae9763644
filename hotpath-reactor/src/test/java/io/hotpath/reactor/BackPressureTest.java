package io.hotpath.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.engine.EngineStats;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Mono;

/** A subscriber that is slow, or asks for nothing, stops its clients and not the machine. */
@Timeout(120)
class BackPressureTest {
    private static final long BLOCKED_MILLIS = 300;

    /** 64, and what one turn finds in the backlog before the cancel of the accept is there. */
    private static final int WAITING_MAX = 2048;

    @BeforeAll
    static void needsUring() {
        UringHost.require();
    }

    @Test
    void clientsWaitInTheBacklogWithoutDemandAndAreAllServedOnceItComes() throws IOException {
        int clients = 5_000;
        int sockets = sockets();
        try (Running<HotpathEvent> stream = Running.start(
                Running.stream().backlog(4096), 0, flux -> flux.doOnNext(Running::echo));
                Selector selector = Selector.open()) {
            InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), stream.port());
            for (int i = 0; i < clients; i++) {
                SocketChannel channel = SocketChannel.open();
                channel.configureBlocking(false);
                channel.connect(address);
                channel.register(selector, SelectionKey.OP_CONNECT);
            }
            Await.until("accept pauses", () -> stream.stats().acceptPauses() > 0);
            EngineStats paused = stream.stats();
            assertThat(paused.connections()).as("accepted and waiting").isBetween(64, WAITING_MAX);
            assertThat(sockets() - sockets - clients).as("descriptors of the server")
                    .isLessThanOrEqualTo(WAITING_MAX + 1);
            assertThat(stream.events).isEmpty();
            assertThat(paused.copiesHeld()).isZero();

            stream.request(Long.MAX_VALUE);
            int served = 0;
            while (served < clients) {
                assertThat(selector.select(key -> step(key), 20_000)).as("clients served: " + served).isPositive();
                served = clients - (int) selector.keys().stream().filter(SelectionKey::isValid).count();
            }
            assertThat(stream.stats().accepted()).isEqualTo(clients);
        }
    }

    /** One step of a client: connect and write a byte, read it back and leave. */
    private static void step(SelectionKey key) {
        try {
            SocketChannel channel = (SocketChannel) key.channel();
            if (key.isConnectable()) {
                channel.finishConnect();
                channel.write(ByteBuffer.wrap(new byte[]{7}));
                key.interestOps(SelectionKey.OP_READ);
            } else if (channel.read(ByteBuffer.allocate(2)) == 1) {
                key.cancel();
                channel.close();
            } else {
                throw new AssertionError("not one byte");
            }
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    private static int sockets() {
        return (int) Audit.descriptors().stream().filter(fd -> fd.contains("socket:")).count();
    }

    @Test
    void aSubscriberThatNeverReleasesStopsThePeerAndReleasingResumesIt() throws Exception {
        byte[] data = Peer.bytes(3, 4 << 20);
        var held = new ConcurrentLinkedQueue<HotpathBuffer>();
        AtomicBoolean hold = new AtomicBoolean(true);
        CRC32 received = new CRC32();
        AtomicInteger count = new AtomicInteger();
        try (Running<HotpathEvent> stream = Running.start(
                Running.stream(Running.CONFIG.withBuffers(4, 1024)), Long.MAX_VALUE, flux -> flux.doOnNext(event -> {
                    switch (event) {
                        case HotpathEvent.Accept(var _, var connection) -> connection.startRecv();
                        case HotpathEvent.Recv(var _, var buffer) -> {
                            received.update(buffer.toByteArray());
                            count.addAndGet(buffer.length());
                            if (hold.get()) {
                                held.add(buffer);
                            } else {
                                buffer.release();
                            }
                        }
                        case HotpathEvent.Send _,HotpathEvent.Close _ -> {}
                    }
                })); SocketChannel sender = SocketChannel.open()) {
            sender.setOption(StandardSocketOptions.SO_SNDBUF, 32 << 10);
            sender.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), stream.port()));
            sender.configureBlocking(false);
            ByteBuffer source = ByteBuffer.wrap(data);
            try (Selector selector = Selector.open()) {
                sender.register(selector, SelectionKey.OP_WRITE);
                while (selector.select(_ -> write(sender, source), BLOCKED_MILLIS) > 0) {
                    // until the peer has not been writable for a while
                }
            }
            long ring = 4 * 1024;
            long buffers = 2 * sender.getOption(StandardSocketOptions.SO_SNDBUF) + receiveBufferMax();
            assertThat((long) source.position()).as("bytes that the sender got rid of").isLessThan(ring + buffers);
            assertThat(source.remaining()).isPositive();
            assertThat(stream.stats().leasesHeld()).as("leases").isEqualTo(held.size()).isBetween(1, 4);
            assertThat(count.get()).isLessThanOrEqualTo(4 * 1024);

            hold.set(false);
            held.forEach(HotpathBuffer::release); // from another thread than the loop's
            sender.configureBlocking(true);
            while (source.hasRemaining()) {
                sender.write(source);
            }
            Await.until("every byte", () -> count.get() == data.length);
            CRC32 sent = new CRC32();
            sent.update(data);
            assertThat(received.getValue()).isEqualTo(sent.getValue());
        }
    }

    private static void write(SocketChannel sender, ByteBuffer source) {
        try {
            sender.write(source);
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    private static long receiveBufferMax() throws IOException {
        byte[] limits = new byte[128]; // minimum, default, maximum; such a file gives everything to the first read or nothing
        try (var file = Files.newInputStream(Path.of("/proc/sys/net/ipv4/tcp_rmem"))) {
            String text = new String(limits, 0, file.read(limits), StandardCharsets.US_ASCII).strip();
            return Long.parseLong(text.substring(text.lastIndexOf('\t') + 1));
        }
    }

    @Test
    void sixtyFourConnectionsShareFourBuffersAndEveryByteArrives() throws Exception {
        try (Running<Void> stream = Running.each(
                Running.stream(Running.CONFIG.withBuffers(4, 4096)), c -> c.send(c.receive()))) {
            var clients = new ArrayList<Future<Boolean>>();
            for (int i = 0; i < 64; i++) {
                byte[] data = Peer.bytes(i, 1 << 20);
                Peer peer = stream.connect();
                var _ = Peer.run(() -> peer.write(data).end());
                clients.add(Peer.run(() -> {
                    try (peer) {
                        return Arrays.equals(peer.readAll(), data);
                    }
                }));
            }
            for (var client : clients) {
                assertThat(client.get()).isTrue();
            }
            assertThat(stream.stats().enobufs()).isPositive();
            assertThat(stream.stats().bytesOut()).isEqualTo(64L << 20);
        }
    }

    @Test
    void aStalledConnectionLeavesAThousandOthersUntouched() throws Exception {
        AtomicInteger accepted = new AtomicInteger();
        try (Running<Void> stream = Running.each(
                Running.stream(), c -> accepted.getAndIncrement() == 0
                        ? Mono.never() // its receive() is never requested
                        : c.send(c.receive()));
                Peer stalled = stream.connect()) {
            Await.until("the stalled one is there", () -> accepted.get() == 1);
            AtomicInteger written = new AtomicInteger();
            var _ = Peer.run(() -> {
                byte[] chunk = new byte[1 << 16];
                for (;;) {
                    stalled.socket.getOutputStream().write(chunk);
                    written.addAndGet(chunk.length);
                }
            });
            List<Peer> peers = new ArrayList<>();
            for (int i = 0; i < 1_000; i++) {
                peers.add(stream.connect());
            }
            for (int round = 0; round < 3; round++) {
                String text = "round " + round;
                peers.forEach(peer -> peer.write(text));
                peers.forEach(peer -> assertThat(peer.readText(text.length())).isEqualTo(text));
            }
            assertThat(stream.stats().leasesHeld()).isZero();
            assertThat((long) written.get()).isPositive().isLessThan(2 * receiveBufferMax() + (16 << 20));
            peers.forEach(Peer::close);
        }
    }
}
