package io.hotpath.engine;

import io.hotpath.Errno;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** A connection in a {@link Story}: its handler, what was asked of it, and what has to come of it. */
final class Talk {
    final Side side;
    private final Story story;
    private final SplittableRandom random;

    /** Null until its end of the connection is known. */
    @Nullable StoryPeer peer;

    /** The bytes of each send call, in order; a refused one sends none. */
    private final List<byte[]> calls = new ArrayList<>();

    private final ByteArrayOutputStream expected = new ByteArrayOutputStream();
    private byte[] expectedBytes = new byte[0];
    private final ByteArrayOutputStream early = new ByteArrayOutputStream();
    private int received;

    /** How many receives may be delivered in all. */
    private long granted;

    /** This side has ended the connection, whatever the peer does. */
    private boolean ended;

    Talk(Story story, Side side, long seed) {
        this.story = story;
        this.side = side;
        random = new SplittableRandom(seed);
        side.keepsBytes = false;
    }

    /** Decides what kind of handler it is. */
    void begin() {
        boolean closesItself = random.nextBoolean();
        side.onInputEnded = () -> {
            if (!closesItself && random.nextBoolean()) {
                close();
            }
        };
        int kind = random.nextInt(4);
        side.reaction = (s, lease, length) -> {
            take(lease, length);
            switch (kind) {
                case 0 -> sendLease(this, lease);
                case 1 -> release(lease);
                case 2 -> side.held.add(lease);
                default -> react(lease);
            }
        };
        if (random.nextInt(5) == 0) {
            side.connection.leaveCredit();
        }
        if (kind == 1 && random.nextBoolean()) {
            side.connection.returnsAtOnce();
        }
        if (random.nextInt(10) != 0) {
            side.connection.start(closesItself);
        }
        if (random.nextInt(3) != 0) {
            request(random.nextBoolean() ? Long.MAX_VALUE : 1 + random.nextInt(5));
        }
    }

    private void take(long lease, int length) {
        Invariants.require(side.receives <= granted, () -> side.connection + " received more often than it asked for");
        byte[] bytes = new byte[length];
        side.leases().copy(lease, 0, bytes, 0, length);
        StoryPeer from = peer;
        if (from == null) {
            early.writeBytes(bytes);
        } else {
            from.checkInput(received, bytes, length);
        }
        received += length;
    }

    /** Its other end is known: what has come already came from there. */
    void meet(StoryPeer known) {
        peer = known;
        known.talk = this;
        known.checkInput(0, early.toByteArray(), early.size());
    }

    private void react(long lease) {
        switch (random.nextInt(6)) {
            case 0 -> release(lease);
            case 1 -> sendLease(story.anyTalk(random.nextInt(100)), lease);
            case 2 -> {
                sendHeap(random.nextInt(200));
                release(lease);
            }
            case 3 -> {
                side.held.add(lease);
                release(1 + random.nextInt(3));
            }
            default -> side.held.add(lease);
        }
    }

    // ---- what its handler does ----------------------------------------------------------------------------------

    void request(long n) {
        granted = granted + n < 0 ? Long.MAX_VALUE : granted + n;
        side.connection.request(n);
    }

    void pause() {
        granted = side.receives;
        side.connection.pause();
    }

    void close() {
        ended = true;
        side.connection.close();
    }

    void reset() {
        ended = true;
        side.connection.reset();
    }

    private void release(long lease) {
        side.leases().release(lease);
        story.stale(lease);
    }

    void release(int count) {
        for (int i = 0; i < count && !side.held.isEmpty(); i++) {
            release((long) side.held.remove());
        }
    }

    void sendHeld() {
        while (!side.held.isEmpty()) {
            sendLease(this, side.held.remove());
        }
    }

    private void sendLease(Talk to, long lease) {
        byte[] bytes = new byte[side.leases().length(lease)];
        side.leases().copy(lease, 0, bytes, 0, bytes.length);
        to.side.connection.send(lease, to.token());
        to.called(bytes);
        story.stale(lease);
    }

    void sendHeap(int count) {
        byte[] bytes = bytes(count);
        int offset = random.nextInt(bytes.length + 1);
        byte[] part = Arrays.copyOfRange(bytes, offset, bytes.length);
        side.connection.send(bytes, offset, part.length, token());
        called(part);
    }

    void sendInPlace(int count) {
        byte[] bytes = bytes(count);
        MemorySegment memory = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, bytes);
        side.connection.sendInPlace(memory, token());
        called(bytes);
    }

    private byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    private long token() {
        return calls.size();
    }

    /** A call was made: it goes out after those before, unless it was refused on the spot. */
    private void called(byte[] bytes) {
        Connection c = side.connection;
        if (side.closed()) {
            return; // what comes after closed is not reported
        }
        Outbound last = c.outLast != null ? c.outLast : c.doneLast;
        boolean refused = last != null && last.token == token() && last.errno != 0;
        if (!refused) {
            expected.writeBytes(bytes);
        }
        calls.add(bytes);
    }

    // ---- what has to come of it ---------------------------------------------------------------------------------

    /** {@code came} is what follows {@code from} bytes of everything it was told to send. */
    void checkOutput(int from, byte[] came) {
        if (expectedBytes.length < from + came.length) {
            expectedBytes = expected.toByteArray();
        }
        boolean same = from + came.length <= expectedBytes.length
                && Arrays.equals(expectedBytes, from, from + came.length, came, 0, came.length);
        Invariants.require(same, () -> "bytes " + from + " to " + (from + came.length) + " that " + side.connection
                + " sent are not what it was told to send there");
    }

    /** Reports of it that need the engine's credit. */
    long reports() {
        Connection c = side.connection;
        return (long) side.closes + (c.free ? 0 : side.receives + side.sent.size());
    }

    /** Faults are over: it wants everything. Closed by {@code closes}, it need not get it. */
    void wantAll(boolean closes) {
        release(Integer.MAX_VALUE);
        side.reaction = (s, lease, length) -> {
            take(lease, length);
            release(lease);
        };
        side.connection.start(true);
        request(Long.MAX_VALUE);
        if (closes) {
            close();
        }
    }

    /** It is closed: nothing is missing that nobody can have given up. */
    void checkEnd() {
        Connection c = side.connection;
        Invariants.require(side.sent.size() == calls.size(),
                () -> c + " made " + calls.size() + " send calls and was told of " + side.sent.size());
        long least = 0;
        long most = 0;
        for (int i = 0; i < calls.size(); i++) {
            Side.Sent report = side.sent.get(i);
            int size = calls.get(i).length;
            boolean right = report.token() == i && report.bytes() >= 0 && report.bytes() <= size
                    && (report.errno() != 0 || report.bytes() == size);
            Invariants.require(right, () -> "call of " + size + " bytes of " + c + " was reported as " + report);
            least += report.bytes();
            most += report.errno() == Errno.ECONNABORTED ? size : report.bytes();
        }
        StoryPeer other = peer;
        if (other == null) {
            return; // never connected
        }
        int came = other.received();
        long atLeast = least;
        long atMost = most;
        Invariants.require(atLeast <= came && came <= atMost, () -> c + " reported " + atLeast + " to " + atMost
                + " bytes as sent, " + came + " came");
        boolean gaveUp = ended || other.wasReset || side.closeErrno != 0;
        int sent = other.sent.size();
        Invariants.require(gaveUp || side.inputEnds == 1, () -> c + " was closed without a reason");
        Invariants.require(side.inputEnds == 0 || lost() || other.wasReset || received == sent,
                () -> c + " received " + received + " of " + sent + " bytes and then the end");
    }

    /** It was reset because of what a dead ring may have taken with it. */
    boolean lost() {
        return side.closeErrno == Errno.ECONNABORTED;
    }
}
