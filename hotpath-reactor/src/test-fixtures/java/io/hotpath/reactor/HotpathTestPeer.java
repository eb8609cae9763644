package io.hotpath.reactor;

import io.hotpath.kernel.sim.SimPeer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;

/**
 * The other end of a connection, played by the test. Each action returns when the code under test has done all that follows
 * from it.
 *
 * <p>What comes back is read as a {@code Flux}, under its subscriber's demand, or taken by hand. What is not read stays on its
 * way, as behind a closed TCP window; {@link #window} says how much that may be.
 */
public final class HotpathTestPeer {
    private final HotpathTestSimulation simulation;
    private final SimPeer peer;
    private final SplittableRandom random;
    private @Nullable Received reader;

    /** Read, and not yet given to anybody. */
    private byte[] held = new byte[0];

    HotpathTestPeer(HotpathTestSimulation simulation, SimPeer peer) {
        this.simulation = simulation;
        this.peer = peer;
        random = new SplittableRandom(simulation.kernel.seed());
    }

    // ---- what it does -------------------------------------------------------------------------------------------

    /** Sends bytes, all at once. */
    public void send(byte... bytes) {
        peer.send(bytes);
        simulation.run();
    }

    /** Sends the bytes of {@code text} in UTF-8. */
    public void send(String text) {
        send(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Sends the bytes of {@code text} one by one: the code under test sees each before the next is there. */
    public void sendSlowly(String text) {
        for (byte one : text.getBytes(StandardCharsets.UTF_8)) {
            send(one);
        }
    }

    /** Sends bytes in pieces of random length, each seen before the next is there; the seed decides. */
    public void sendInPieces(byte... bytes) {
        for (int at = 0; at < bytes.length;) {
            int end = at + 1 + random.nextInt(bytes.length - at);
            send(Arrays.copyOfRange(bytes, at, end));
            at = end;
        }
    }

    /** Sends the bytes of {@code text} in UTF-8 in pieces of random length. */
    public void sendInPieces(String text) {
        sendInPieces(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Half close: sends no more, still receives. */
    public void finish() {
        peer.finish();
        simulation.run();
    }

    /** Closes both ways; a reset if there are bytes that it did not read, as from a real socket. */
    public void close() {
        peer.close();
        simulation.run();
    }

    /** Resets the connection: the other side fails with "Connection reset by peer". */
    public void reset() {
        peer.reset();
        simulation.run();
    }

    /** How many bytes may be on their way to it unread; unlimited at first, and 0 stalls the sender. */
    public void window(int bytes) {
        peer.receiveWindow(bytes);
        simulation.run();
    }

    // ---- what it gets -------------------------------------------------------------------------------------------

    /**
     * What comes from now on and what was not read yet, in pieces of any length; one subscriber at a time. Completes when the
     * other side has ended its own, and fails with "Connection reset by peer". Reads nothing beyond demand, and leaves the
     * rest to the next reader when it is cancelled.
     */
    public Flux<byte[]> received() {
        return cut((bytes, atEnd) -> bytes.length);
    }

    /** What comes as text; a character that is split between reads waits for its rest. */
    public Flux<String> receivedText(Charset charset) {
        return Flux.defer(() -> {
            TextDecoder decoder = new TextDecoder(charset);
            return received().map(decoder::decode).filter(text -> !text.isEmpty());
        });
    }

    /** What comes as UTF-8. */
    public Flux<String> receivedText() {
        return receivedText(StandardCharsets.UTF_8);
    }

    /** What comes as lines of UTF-8 without their ends, {@code \n} or {@code \r\n}; a last line without an end is one too. */
    public Flux<String> receivedLines() {
        return cut(HotpathTestPeer::lineLength).map(HotpathTestPeer::line);
    }

    private static int lineLength(byte[] bytes, boolean atEnd) {
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                return i + 1;
            }
        }
        return atEnd ? bytes.length : 0;
    }

    private static String line(byte[] bytes) {
        String line = new String(bytes, StandardCharsets.UTF_8);
        int end = line.endsWith("\r\n") ? line.length() - 2 : line.endsWith("\n") ? line.length() - 1 : line.length();
        return line.substring(0, end);
    }

    private Flux<byte[]> cut(Cutter cutter) {
        return new Flux<>() {
            @Override
            public void subscribe(CoreSubscriber<? super byte[]> actual) {
                if (reader != null) {
                    Operators.error(actual, new IllegalStateException("somebody reads from this peer already"));
                    return;
                }
                Received started = new Received(actual, cutter);
                reader = started;
                actual.onSubscribe(started);
                simulation.run();
            }
        };
    }

    /** Takes what came and was not read, without waiting. */
    public byte[] take() {
        read();
        byte[] taken = held;
        held = new byte[0];
        simulation.run();
        return taken;
    }

    /** Takes what came and was not read, as UTF-8. */
    public String takeText() {
        return new String(take(), StandardCharsets.UTF_8);
    }

    // ---- what it sees -------------------------------------------------------------------------------------------

    /** Whether nobody listened. */
    public boolean refused() {
        return peer.refused();
    }

    /** Bytes that it sent and the other side has not received: what back-pressure holds back. */
    public int unread() {
        return peer.unread();
    }

    /** All bytes that ever came, read or not. */
    public long receivedCount() {
        return peer.receivedCount();
    }

    /** Whether the other side has ended its own. */
    public boolean sawEnd() {
        return peer.sawFin();
    }

    /** Whether the connection was reset, by either side. */
    public boolean sawReset() {
        return peer.sawReset();
    }

    /** Its address, as the code under test sees it. */
    public SocketAddress address() {
        return peer.localAddress();
    }

    @Override
    public String toString() {
        return peer.toString();
    }

    /** Gives the reader what came; returns whether it took anything. */
    boolean emit() {
        Received current = reader;
        return current != null && current.emit();
    }

    private void read() {
        byte[] more = peer.takeReceived();
        int before = held.length;
        held = Arrays.copyOf(held, before + more.length);
        System.arraycopy(more, 0, held, before, more.length);
    }

    /** How many of {@code bytes} are the next element, 0 if it is not whole. */
    private interface Cutter {
        int length(byte[] bytes, boolean atEnd);
    }

    /** One reader. */
    private final class Received implements Subscription {
        private final CoreSubscriber<? super byte[]> actual;
        private final Cutter cutter;
        private long requested;
        private boolean over;

        Received(CoreSubscriber<? super byte[]> actual, Cutter cutter) {
            this.actual = actual;
            this.cutter = cutter;
        }

        @Override
        public void request(long n) {
            if (Operators.validate(n)) {
                requested = Operators.addCap(requested, n);
                simulation.run();
            }
        }

        @Override
        public void cancel() {
            end();
        }

        boolean emit() {
            boolean took = false;
            while (requested > 0 && !over) {
                if (peer.received().length > 0) {
                    read();
                }
                int length = cutter.length(held, ended());
                if (length == 0) {
                    break;
                }
                byte[] element = Arrays.copyOf(held, length);
                held = Arrays.copyOfRange(held, length, held.length);
                requested -= requested == Long.MAX_VALUE ? 0 : 1;
                took = true;
                actual.onNext(element);
            }
            if (!over && held.length == 0 && peer.received().length == 0 && ended()) {
                end();
                if (peer.refused()) {
                    actual.onError(new ConnectException("Connection refused"));
                } else if (peer.sawReset()) {
                    actual.onError(new IOException("Connection reset by peer"));
                } else {
                    actual.onComplete();
                }
            }
            return took;
        }

        private boolean ended() {
            return peer.sawFin() || peer.sawReset() || peer.refused();
        }

        private void end() {
            over = true;
            if (reader == this) {
                reader = null;
            }
        }
    }
}
