package io.hotpath.ring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.Errno;
import io.hotpath.KernelPolicy;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.linux.Held;
import io.hotpath.kernel.linux.LinuxKernel;
import io.hotpath.kernel.linux.UringHost;
import io.hotpath.ring.HandDriven.Done;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A ring driven by hand on the kernel of this machine, with the JDK's own sockets at the other end. */
@Isolated("it counts the descriptors of the process and meets their numbers again")
final class HotpathRingIT {
    private static final RingConfig SMALL = RingConfig.DEFAULT.withEntries(16).withBuffers(4, 1024);

    @BeforeEach
    void requireUring() {
        UringHost.require();
    }

    /** The JDK keeps two descriptors from its first use of sockets on. */
    @BeforeAll
    static void useTheSocketsOfTheJdk() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket client = new Socket(server.getInetAddress(), server.getLocalPort());
                Socket peer = server.accept()) {
            assertThat(client.getPort()).isEqualTo(peer.getLocalPort());
        }
    }

    /** As the class's own example does it. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 1024, 32768})
    void echoesWithAQueueOfAnySize(int entries) throws IOException {
        try (HandDriven hand = new HandDriven(SMALL.withEntries(entries));
                Socket client = hand.connect()) {
            hand.ring.submitAcceptMultishot(hand.listener);
            int fd = hand.accept();
            hand.ring.submitRecvMultishot(fd);
            for (int round = 0; round < 20; round++) {
                byte[] sent = ("round " + round).getBytes(US_ASCII);
                client.getOutputStream().write(sent);

                Done recv = hand.await(OpKind.RECV, fd);
                assertThat(recv.more()).isTrue();
                assertThat(hand.ring.buffers().copy(recv.bufferId())).isEqualTo(sent);
                hand.ring.submitSend(fd, hand.ring.buffers().slice(recv.bufferId()));
                assertThat(hand.await(OpKind.SEND, fd).result()).isEqualTo(sent.length);
                hand.ring.buffers().release(recv.bufferId());
                assertThat(client.getInputStream().readNBytes(sent.length)).isEqualTo(sent);
            }

            client.shutdownOutput();
            assertThat(hand.await(OpKind.RECV, fd)).isEqualTo(new Done(OpKind.RECV, fd, 0, -1, false));
            hand.ring.submitClose(fd);
            assertThat(hand.await(OpKind.CLOSE, fd).result()).isZero();
            assertThat(client.getInputStream().read()).isEqualTo(-1);
            assertThat(hand.ring.buffers().held()).isZero();
        }
    }

    @Test
    void acceptsManyConnectionsWithOneSubmission() throws IOException {
        try (HandDriven hand = new HandDriven(SMALL)) {
            hand.ring.submitAcceptMultishot(hand.listener);
            for (int i = 0; i < 100; i++) {
                try (Socket client = hand.connect()) {
                    Done accept = hand.await(OpKind.ACCEPT, hand.listener);
                    assertThat(accept.result()).isPositive();
                    assertThat(accept.more()).isTrue();
                    assertThat(client.isConnected()).isTrue();
                    hand.ring.submitClose(accept.result());
                    hand.await(OpKind.CLOSE, accept.result());
                }
            }
        }
    }

    @Test
    void oneSendIsAllOfItsBytes() throws Exception {
        int size = 8 << 20;
        try (HandDriven hand = new HandDriven(SMALL);
                Socket client = hand.connect();
                Arena arena = Arena.ofConfined()) {
            hand.ring.submitAcceptMultishot(hand.listener);
            int fd = hand.accept();
            byte[] bytes = random(size);
            var received = CompletableFuture.supplyAsync(() -> read(client, size));
            MemorySegment memory = arena.allocateFrom(JAVA_BYTE, bytes);

            hand.ring.submitSend(fd, memory);

            assertThat(hand.await(OpKind.SEND, fd).result()).isEqualTo(size);
            assertThat(received.join()).isEqualTo(bytes);
            hand.ring.submitClose(fd);
            hand.await(OpKind.CLOSE, fd);
        }
    }

    @Test
    void piecesOfOneSendArriveInOrder() throws IOException {
        try (HandDriven hand = new HandDriven(SMALL);
                Socket client = hand.connect();
                Arena arena = Arena.ofConfined()) {
            hand.ring.submitAcceptMultishot(hand.listener);
            int fd = hand.accept();
            MemorySegment[] pieces = new MemorySegment[1024];
            StringBuilder all = new StringBuilder();
            for (int i = 0; i < pieces.length; i++) {
                String text = i + ",";
                all.append(text);
                pieces[i] = arena.allocateFrom(JAVA_BYTE, text.getBytes(US_ASCII));
            }

            hand.ring.submitSend(fd, pieces);

            assertThat(hand.await(OpKind.SEND, fd).result()).isEqualTo(all.length());
            assertThat(new String(read(client, all.length()), US_ASCII)).isEqualTo(all.toString());
            hand.ring.submitClose(fd);
            hand.await(OpKind.CLOSE, fd);
        }
    }

    /** All buffers are held until the kernel says so; then they go back and the receive goes on where it stopped. */
    @Test
    void emptyBufferRingIsAResultAndLosesNoByte() throws Exception {
        int size = 1 << 20;
        byte[] bytes = random(size);
        try (HandDriven hand = new HandDriven(SMALL);
                Socket client = hand.connect()) {
            hand.ring.submitAcceptMultishot(hand.listener);
            int fd = hand.accept();
            var sent = CompletableFuture.runAsync(() -> write(client, bytes));
            hand.ring.submitRecvMultishot(fd);
            Buffers buffers = hand.ring.buffers();
            CRC32 checksum = new CRC32();
            List<Integer> held = new ArrayList<>();
            int received = 0;
            int empty = 0;
            Done recv = hand.await(OpKind.RECV, fd);
            while (recv.result() != 0) {
                if (recv.bufferId() >= 0) {
                    checksum.update(buffers.copy(recv.bufferId()));
                    received += recv.result();
                    held.add(recv.bufferId());
                } else {
                    assertThat(recv.result()).isEqualTo(-Errno.ENOBUFS);
                    empty++;
                }
                if (!recv.more()) {
                    held.forEach(buffers::release);
                    held.clear();
                    hand.ring.submitRecvMultishot(fd);
                }
                recv = hand.await(OpKind.RECV, fd);
            }
            held.forEach(buffers::release);
            sent.join();

            CRC32 expected = new CRC32();
            expected.update(bytes);
            assertThat(received).isEqualTo(size);
            assertThat(checksum.getValue()).isEqualTo(expected.getValue());
            assertThat(empty).isGreaterThanOrEqualTo(size / (4 * 1024) - 1);
            assertThat(buffers.held()).isZero();
            hand.ring.submitClose(fd);
            hand.await(OpKind.CLOSE, fd);
        }
    }

    @Test
    void submissionsBeyondTheQueueAreNobodysProblem() {
        int firstFd = 1_000_000; // nothing is open there
        int count = 500;
        try (HandDriven hand = new HandDriven(SMALL.withEntries(2))) {
            for (int i = 0; i < count; i++) {
                hand.ring.submitClose(firstFd + i);
            }

            for (int i = 0; i < count; i++) {
                assertThat(hand.await(_ -> true))
                        .isEqualTo(new Done(OpKind.CLOSE, firstFd + i, -Errno.EBADF, -1, false));
            }
        }
    }

    @Test
    void handsOver64CompletionsAtMostAndTheRestNext() {
        try (HandDriven hand = new HandDriven(SMALL.withEntries(256))) {
            for (int i = 0; i < 150; i++) {
                hand.ring.submitClose(1_000_000 + i);
            }

            assertThat(hand.turn(150, -1)).isEqualTo(64);
            assertThat(hand.turn(1, -1)).isEqualTo(64);
            assertThat(hand.turn(1, -1)).isEqualTo(22);
            assertThat(hand.turn(1, 0)).isZero();
        }
    }

    @Test
    void overflowOfTheCompletionQueueIsSeenAndDrained() {
        Ring ring = Ring.open(LinuxKernel.instance(), new RingSetup(4, 4, true));
        List<Long> drained = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            ring.prepNop(i);
        }
        ring.submit();
        assertThat(ring.ready()).isEqualTo(4);
        assertThat(ring.overflowed()).isTrue();

        while (drained.size() < 40) {
            assertThat(ring.submitAndWait(1, TimeUnit.SECONDS.toNanos(5))).isZero();
            int count = ring.drain((userData, _, _) -> drained.add(userData), Integer.MAX_VALUE);
            assertThat(count).isBetween(1, 4);
        }

        assertThat(drained)
                .containsExactlyElementsOf(LongStream.range(0, 40).boxed().toList());
        assertThat(ring.overflows()).isPositive();
        assertThat(ring.dropped()).isZero();
        assertThat(ring.overflowed()).isFalse();
        assertThat(ring.inFlight()).isZero();
        ring.close();
    }

    @Test
    void timeLimitIsHonoured() {
        try (HandDriven hand = new HandDriven(SMALL)) {
            long limitNanos = TimeUnit.MILLISECONDS.toNanos(20);
            long before = System.nanoTime();

            assertThat(hand.turn(1, limitNanos)).isZero();

            assertThat(System.nanoTime() - before).isGreaterThanOrEqualTo(limitNanos);
            assertThat(hand.ring.healthy()).isTrue();
        }
    }

    @Test
    void wakeupEndsAWaitWithoutALimit() {
        try (HandDriven hand = new HandDriven(SMALL)) {
            for (int i = 0; i < 10; i++) {
                var woken = CompletableFuture.runAsync(hand.ring::wakeup);
                assertThat(hand.turn(1, -1)).isZero();
                woken.join();
            }
            assertThat(hand.ring.healthy()).isTrue();
        }
    }

    @Test
    void forceUnhealthyEndsAWaitWithoutALimitAndStays() {
        try (HandDriven hand = new HandDriven(SMALL)) {
            var forced = CompletableFuture.runAsync(hand.ring::forceUnhealthy);

            assertThat(hand.turn(1, -1)).isZero();
            forced.join();

            assertThat(hand.ring.healthy()).isFalse();
            assertThat(hand.turn(1, -1)).isZero();
            assertThatIllegalStateException()
                    .isThrownBy(() -> hand.ring.submitAcceptMultishot(hand.listener))
                    .withMessageContaining("forced");
        }
    }

    @Test
    void cancelledReceiveEndsWithItsReason() throws IOException {
        try (HandDriven hand = new HandDriven(SMALL);
                Socket client = hand.connect()) {
            hand.ring.submitAcceptMultishot(hand.listener);
            int fd = hand.accept();
            long token = hand.ring.submitRecvMultishot(fd);
            hand.turn(0, 0);

            hand.ring.cancel(token);

            assertThat(hand.await(OpKind.RECV, fd)).isEqualTo(new Done(OpKind.RECV, fd, -Errno.ECANCELED, -1, false));
            hand.ring.submitClose(fd);
            hand.await(OpKind.CLOSE, fd);
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
    }

    /** The receive of the first connection is still armed when the second one has got its number. */
    @Test
    void lateBytesOfAClosedDescriptorNeverReachTheNextOneOfThatNumber() throws IOException {
        try (HandDriven hand = new HandDriven(SMALL);
                Socket first = hand.connect()) {
            long accepting = hand.ring.submitAcceptMultishot(hand.listener);
            int fd = hand.accept();
            hand.ring.cancel(accepting);
            hand.ring.submitRecvMultishot(fd);
            hand.await(OpKind.ACCEPT, hand.listener);
            try (Socket second = hand.connect()) { // before the number is free, or it would get it itself
                hand.ring.submitClose(fd);
                hand.await(OpKind.CLOSE, fd);
                hand.ring.submitAcceptMultishot(hand.listener);
                assertThat(hand.accept()).isEqualTo(fd);
                hand.ring.submitRecvMultishot(fd);
                first.getOutputStream().write("first".getBytes(US_ASCII));
                while (hand.ring.staleCompletions() == 0) {
                    hand.turn(1, TimeUnit.SECONDS.toNanos(5));
                }
                second.getOutputStream().write("second".getBytes(US_ASCII));

                Done recv = hand.await(_ -> true);

                assertThat(recv.fd()).isEqualTo(fd);
                assertThat(new String(hand.ring.buffers().copy(recv.bufferId()), US_ASCII)).isEqualTo("second");
                assertThat(hand.ring.buffers().held()).isEqualTo(1);
                assertThat(hand.ring.staleCompletions()).isEqualTo(1);
                hand.ring.submitClose(fd);
                hand.await(OpKind.CLOSE, fd);
            }
        }
    }

    @Test
    void closeWithEverythingArmedLeavesNothing() throws IOException {
        Held before = Held.now();
        HandDriven hand = new HandDriven(RingConfig.DEFAULT);
        try (Socket idle = hand.connect();
                Socket busy = hand.connect()) {
            hand.ring.submitAcceptMultishot(hand.listener);
            int idleFd = hand.accept();
            int busyFd = hand.accept();
            hand.ring.submitRecvMultishot(idleFd);
            hand.ring.submitRecvMultishot(busyFd);
            busy.getOutputStream().write(1);
            Done recv = hand.await(OpKind.RECV, busyFd);
            MemorySegment slice = hand.ring.buffers().slice(recv.bufferId());
            busy.getOutputStream().write(new byte[100_000]); // completions that nobody takes

            hand.ring.close();
            hand.ring.close();

            assertThat(hand.ring.closed()).isTrue();
            assertThatIllegalStateException().isThrownBy(() -> slice.get(JAVA_BYTE, 0));
            assertThatIllegalStateException().isThrownBy(() -> hand.turn(0, 0)).withMessageContaining("closed");
            for (int fd : new int[]{idleFd, busyFd, hand.listener}) {
                assertThat(hand.sockets.close(fd)).isZero();
            }
            assertThat(idle.getInputStream().read()).isEqualTo(-1);
        }
        assertThat(Held.since(before)).isEmpty();
    }

    @Test
    void closeClosesConnectionsThatWereAcceptedAndNotHandedOver() throws IOException {
        Held before = Held.now();
        HandDriven hand = new HandDriven(SMALL);
        try (Socket client = hand.connect()) {
            hand.ring.submitAcceptMultishot(hand.listener);
            hand.ring.ring().submitAndWait(1, -1);

            hand.close();

            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
        assertThat(Held.since(before)).isEmpty();
    }

    @Test
    void closesThoughItWasForcedUnhealthy() {
        Held before = Held.now();
        HandDriven hand = new HandDriven(SMALL);
        hand.ring.submitAcceptMultishot(hand.listener);
        hand.turn(0, 0);
        hand.ring.forceUnhealthy();

        hand.close();

        assertThat(Held.since(before)).isEmpty();
    }

    @Test
    void bufferSlabThatDoesNotFitIsRefusedAndLeavesNothing() {
        Held before = Held.now();

        assertThatThrownBy(() -> HotpathRing.open(RingConfig.DEFAULT.withBuffers(32768, Integer.MAX_VALUE)))
                .hasMessageContaining("ENOMEM")
                .hasMessageContaining("use fewer or smaller buffers");

        assertThat(Held.since(before)).isEmpty();
    }

    @Test
    void policyChoosesTheKernel() {
        try (HotpathRing ring = HotpathRing.open(SMALL.withPolicy(KernelPolicy.EPOLL))) {
            assertThat(ring.ring().kernelRing().kernel().name()).isEqualTo("epoll");
        }
    }

    private static byte[] random(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    private static byte[] read(Socket socket, int count) {
        try {
            return socket.getInputStream().readNBytes(count);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static void write(Socket socket, byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
            socket.shutdownOutput();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
