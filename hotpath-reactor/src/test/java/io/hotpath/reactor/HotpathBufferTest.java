package io.hotpath.reactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HotpathBufferTest {
    @Test
    void readsALeaseWithinItsBytesFromAnyThread() {
        withLease("hello", 0, HotpathBufferTest::readsWithinItsBytes);
    }

    @Test
    void readsOwnBytesWithinTheirBounds() {
        HotpathBuffer own = HotpathBuffer.of("hello", StandardCharsets.UTF_8);
        readsWithinItsBytes(own);
        own.release();
    }

    private static void readsWithinItsBytes(HotpathBuffer buffer) {
        assertThat(buffer.length()).isEqualTo(5);
        assertThat(buffer.byteAt(4)).isEqualTo((byte) 'o');
        assertThat(buffer.toString(StandardCharsets.UTF_8)).isEqualTo("hello");
        byte[] part = new byte[4];
        buffer.copyTo(1, part, 2, 2);
        assertThat(part).isEqualTo(new byte[]{0, 0, 'e', 'l'});
        ByteBuffer target = ByteBuffer.allocate(8).position(1);
        buffer.copyTo(target);
        assertThat(target.position()).isEqualTo(6);
        assertThat(target.get(5)).isEqualTo((byte) 'o');
        assertThat(buffer.retain()).isSameAs(buffer);

        assertThatThrownBy(() -> buffer.byteAt(5)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> buffer.byteAt(-1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> buffer.copyTo(3, new byte[8], 0, 3)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> buffer.copyTo(0, new byte[2], 0, 3)).isInstanceOf(IndexOutOfBoundsException.class);
        ByteBuffer small = ByteBuffer.allocate(4);
        assertThatThrownBy(() -> buffer.copyTo(small)).isInstanceOf(BufferOverflowException.class);
        assertThat(small.position()).isZero();
        assertThat(buffer.released()).isFalse();
    }

    @Test
    void refusesEveryUseAfterRelease() {
        withLease("hello", 7, buffer -> {
            buffer.release();
            refusesEveryUse(buffer);
        });
    }

    @Test
    void refusesEveryUseAfterReleaseFromAnotherThread() {
        withLease("hello", 7, buffer -> {
            try {
                Peer.run(() -> {
                    buffer.release();
                    return true;
                }).get();
                Peer.run(() -> {
                    refusesEveryUse(buffer);
                    return true;
                }).get();
            } catch (InterruptedException | ExecutionException failed) {
                throw new AssertionError(failed);
            }
        });
    }

    @Test
    void refusesOwnBytesAfterTheyWereSent() {
        HotpathBuffer own = HotpathBuffer.of("hello", StandardCharsets.UTF_8);
        HotpathBuffer moved = Ownership.move(own);
        refusesEveryUse(own);
        assertThat(moved.toString(StandardCharsets.UTF_8)).isEqualTo("hello");
        moved.release();
    }

    @Test
    void aLeaseOnItsWayToAnotherLoopIsNoLongerItsSenders() {
        withLease("hello", 0, buffer -> {
            HotpathBuffer moved = Ownership.move(buffer);
            refusesEveryUse(buffer);
            Ownership.discard(buffer); // what an operator above would do
            assertThat(moved.released()).isFalse();
            moved.release();
        });
    }

    private static void refusesEveryUse(HotpathBuffer buffer) {
        assertThat(buffer.released()).isTrue();
        assertThat(buffer.toString()).contains("5 bytes").contains("released");
        assertThatIllegalStateException().isThrownBy(buffer::length);
        assertThatIllegalStateException().isThrownBy(() -> buffer.byteAt(0));
        assertThatIllegalStateException().isThrownBy(() -> buffer.copyTo(0, new byte[5], 0, 5));
        assertThatIllegalStateException().isThrownBy(() -> buffer.copyTo(ByteBuffer.allocate(5)));
        assertThatIllegalStateException().isThrownBy(buffer::toByteArray);
        assertThatIllegalStateException().isThrownBy(buffer::retain);
        assertThatIllegalStateException().isThrownBy(buffer::release);
    }

    @Test
    void aLeaseStaysStaleWhenItsMemoryHoldsAnotherClientsBytes() {
        UringHost.require();
        try (Running<HotpathEvent> stream = Running.start(
                Running.stream(Running.CONFIG.withBuffers(1, 64)), Long.MAX_VALUE, flux -> flux.doOnNext(event -> {
                    if (event instanceof HotpathEvent.Accept accept) {
                        accept.connection().startRecv();
                    }
                }))) {
            stream.mistakes(0, 1);
            HotpathBuffer first = receive(stream, "first");
            first.release();
            HotpathBuffer second = receive(stream, "other");
            assertThatIllegalStateException().isThrownBy(first::toByteArray);
            assertThat(second.toString(StandardCharsets.UTF_8)).isEqualTo("other");
            second.release();
        }
    }

    /** {@code use} gets a lease, in the test's thread; it or {@code use} releases it. */
    private static void withLease(String text, long stale, Consumer<HotpathBuffer> use) {
        UringHost.require();
        try (Running<HotpathEvent> stream = Running.start(
                Running.stream(), Long.MAX_VALUE, flux -> flux.doOnNext(event -> {
                    if (event instanceof HotpathEvent.Accept accept) {
                        accept.connection().startRecv();
                    }
                }))) {
            stream.mistakes(0, stale);
            HotpathBuffer buffer = receive(stream, text);
            use.accept(buffer);
            Ownership.discard(buffer);
        }
    }

    private static HotpathBuffer receive(Running<HotpathEvent> stream, String text) {
        long before = receives(stream).count();
        try (Peer _ = stream.connect().write(text)) {
            Await.until("received", () -> receives(stream).count() > before);
            return receives(stream).skip(before).findFirst().orElseThrow().buffer();
        }
    }

    private static Stream<HotpathEvent.Recv> receives(Running<HotpathEvent> stream) {
        return stream.events.stream().filter(HotpathEvent.Recv.class::isInstance).map(HotpathEvent.Recv.class::cast);
    }
}
