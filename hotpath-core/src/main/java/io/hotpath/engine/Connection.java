package io.hotpath.engine;

import io.hotpath.Errno;
import io.hotpath.kernel.Sockets;
import io.hotpath.ring.UserData;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.BindException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A connection of an engine. The object is never reused: after {@code closed} every call is refused, even when the
 * descriptor and the slot belong to somebody else by then. Loop thread, except where it says otherwise.
 */
public final class Connection {
    static final byte RECV_IDLE = 0;
    static final byte RECV_ARMED = 1;
    static final byte RECV_CANCELLING = 2;

    static final byte CONNECTING = 0;
    static final byte OPEN = 1;
    static final byte DRAINING = 2;
    static final byte LINGERING = 3;
    static final byte CLOSING = 4;
    static final byte FD_CLOSING = 5;
    static final byte CLOSED = 6;

    static final long DEMAND_UNLIMITED = Long.MAX_VALUE;

    final Engine engine;
    final int slot;
    final int generation;

    /** Whether it was begun from this side. */
    final boolean outgoing;

    int family;

    /** The loop thread writes; whoever asks for an address from elsewhere reads it before and after. */
    volatile int fd;

    // life: Closer
    byte state;
    boolean closesItself;
    boolean ours;
    boolean wasReset;
    boolean connecting;
    @Nullable MemorySegment connectAddress;
    boolean closeReported;
    int inFlight;

    /** The number of its connect, send or close on the ring, of which one at most is in flight. */
    long prepared;

    /** What its close is about to close. */
    int fdClosing = -1;

    int closeErrno;
    Timers.@Nullable Timer deadline;

    // input: Receiver
    byte recv;
    boolean started;
    boolean starved;
    boolean stopped;
    boolean capped;
    boolean bulk;
    boolean bundled;
    boolean stuck;
    boolean watched;
    boolean uncapped;
    long bytesIn;
    boolean peerFinished;
    boolean inputEnded;

    /** Was receiving when completions got lost. */
    boolean exposed;

    boolean endReported;
    boolean inRearm;
    boolean inHeldBack;
    int held;
    int lent;
    int parkedFirst = -1;
    int parkedLast = -1;
    long demand;

    // output: Sender
    boolean inDirty;
    boolean paused;
    boolean sendCancelling;
    boolean outputEnded;
    boolean endSent;
    int sending;
    long sendingBytes;
    long outboundBytes;
    long bytesOut;
    @Nullable Outbound outFirst;
    @Nullable Outbound outLast;
    @Nullable Outbound doneFirst;
    @Nullable Outbound doneLast;

    // looks of LastResort: how often in a row nothing of its send was taken, and how far it was
    int blockedLooks = -1;
    int blockedProgress;
    long blockedBytes;

    /** What the last looks at it saw; null before the first, and while none of the limits of time can touch it. */
    @Nullable Progress progress;

    // reports
    boolean inReady;
    boolean inWithoutCredit;
    boolean inHolders;
    boolean free;
    private @Nullable ConnectionHandler handler;
    private @Nullable Object attachment;

    Connection(Engine engine, int slot, int generation, int fd, byte state) {
        this.engine = engine;
        this.slot = slot;
        this.generation = generation;
        this.fd = fd;
        this.state = state;
        outgoing = state == CONNECTING;
    }

    // ---- set up -------------------------------------------------------------------------------------------------

    /** Says who takes this connection's reports. Called before the {@code accepted} call returns. */
    public void adopt(ConnectionHandler value) {
        assert engine.inLoop();
        handler = value;
    }

    /**
     * Gives a socket of {@link Engine#socket} its own address.
     *
     * @throws BindException if the address cannot be had
     */
    public void bind(SocketAddress address) throws BindException {
        assert engine.inLoop();
        int result = sockets().bind(fd, address);
        if (result < 0) {
            throw new BindException(Errno.text(-result) + ": " + address);
        }
    }

    /**
     * Connects a socket of {@link Engine#socket}. {@code connected} or {@code closed} reports the outcome.
     *
     * @param timeoutNanos after which it fails with {@code ETIMEDOUT}; {@code Long.MAX_VALUE} leaves that to the kernel
     */
    public void connect(SocketAddress address, long timeoutNanos) {
        assert engine.inLoop();
        if (state != CONNECTING || inFlight > 0) {
            throw new IllegalStateException(this + " is connected, connecting or closed");
        }
        engine.connector.connect(this, address, timeoutNanos);
    }

    /**
     * Leaves its engine, for {@link Engine#attach} on another one. Only before {@link #start} and {@code send}; this object
     * is closed afterwards and reports nothing.
     *
     * @return the descriptor, the caller's from here on
     */
    public int detach() {
        assert engine.inLoop();
        if (state != OPEN || started || inFlight > 0 || outFirst != null) {
            throw new IllegalStateException(this + " has begun to work or is closed");
        }
        int descriptor = fd;
        fd = -1;
        state = CLOSED;
        closeReported = true;
        engine.vacate(this);
        return descriptor;
    }

    /**
     * Starts receiving. Delivery waits for {@link #request}.
     *
     * @param closesItself whether it closes in order once the peer has ended its side, everything received has been
     *                     released or sent, and everything to send has gone out; else the handler closes it
     */
    public void start(boolean closesItself) {
        assert engine.inLoop();
        if (handler == null) {
            throw new IllegalStateException("a connection needs a handler before it starts: call adopt first");
        }
        this.closesItself = closesItself;
        if (!started) {
            started = true;
            engine.receiver.start(this);
        }
    }

    /** Adds demand: that many more receives are delivered. {@code Long.MAX_VALUE} takes the limit away. */
    public void request(long n) {
        assert engine.inLoop();
        if (n <= 0) {
            throw new IllegalArgumentException("demand is " + n + ", must be at least 1 (Reactive Streams 3.9)");
        }
        demand = demand + n < 0 ? DEMAND_UNLIMITED : demand + n;
        engine.receiver.demanded(this);
    }

    /**
     * From now on its receives and sends need no credit of the engine, only its own demand. Accept and close still do. What
     * it has to send does not pause its receiving any more, unless copy memory is short: its demand says how much it
     * takes.
     */
    public void leaveCredit() {
        assert engine.inLoop();
        free = true;
    }

    /**
     * Says that its handler gives every lease back before its turn is over, but for those that it {@link #mayKeep}.
     * The rest of the quota is for bytes that wait then, and the kernel need not end the receive for it: one submission lasts
     * as long as the connection.
     */
    public void returnsAtOnce() {
        assert engine.inLoop();
        uncapped = true;
    }

    /**
     * Whether buffers are so plentiful that its handler may keep the lease it is just given and others like it: half of all
     * are free, and this connection holds no more than a quarter of its quota.
     */
    public boolean mayKeep() {
        return engine.receiver.mayKeep(this);
    }

    /** Takes all demand back: no receive is delivered until the next {@link #request}. */
    public void pause() {
        assert engine.inLoop();
        demand = 0;
    }

    // ---- send ---------------------------------------------------------------------------------------------------

    /**
     * Sends a lease and gives it back when it went out. The lease is the engine's from here on, also when this connection is
     * closing; then {@code sent} reports the error. After {@code closed} was reported nothing is, not even that.
     *
     * @throws IllegalStateException if the lease was released or sent before
     */
    public void send(long lease, long token) {
        assert engine.inLoop();
        engine.sendCalls.send(this, lease, token);
    }

    /** Sends a copy of {@code count} bytes of {@code bytes}. */
    public void send(byte[] bytes, int offset, int count, long token) {
        assert engine.inLoop();
        Objects.checkFromIndexSize(offset, count, bytes.length);
        engine.sendCalls.sendCopy(this, MemorySegment.ofArray(bytes).asSlice(offset, count), token);
    }

    /** Sends a copy of what remains in {@code bytes}, whose position stays. */
    public void send(ByteBuffer bytes, long token) {
        assert engine.inLoop();
        engine.sendCalls.sendCopy(this, MemorySegment.ofBuffer(bytes), token);
    }

    /**
     * Sends a copy of {@code size} bytes of native memory if it can be sent and copy memory is plentiful, at least half of it
     * free. The caller's memory is the caller's again when this returns.
     *
     * @param size at least 1
     * @return whether it was taken; if not, nothing was done and {@code sent} reports nothing
     */
    public boolean trySendCopy(long address, int size, long token) {
        assert engine.inLoop();
        return engine.sendCalls.tryCopy(this, address, size, token);
    }

    /** Sends native memory in place; it stays as it is and reachable until {@code sent} reports it. */
    public void sendInPlace(MemorySegment bytes, long token) {
        assert engine.inLoop();
        if (!bytes.isNative()) {
            throw new IllegalArgumentException("the segment is on the heap: send a copy of it");
        }
        engine.sendCalls.sendInPlace(this, bytes.address(), bytes.byteSize(), bytes, token);
    }

    /**
     * Sends {@code count} bytes of native memory in place, without an object for it: nothing but the caller keeps the memory as
     * it is until {@code sent} reports it.
     */
    public void sendInPlace(long address, long count, long token) {
        assert engine.inLoop();
        engine.sendCalls.sendInPlace(this, address, count, null, token);
    }

    /**
     * Submits what is queued here at once instead of at the end of the turn: for a handler that sends much and goes on
     * working. One system call.
     */
    public void sendNow() {
        assert engine.inLoop();
        engine.sender.submitNow(this);
    }

    /** Ends this side once everything before has gone out; receiving goes on. */
    public void shutdownOutput() {
        assert engine.inLoop();
        engine.closer.shutdownOutput(this);
    }

    /** Unsent bytes. */
    public long outboundBytes() {
        return outboundBytes;
    }

    // ---- close --------------------------------------------------------------------------------------------------

    /** Closes in order: sends what is queued, ends this side, waits a moment for the peer's end, closes. Idempotent. */
    public void close() {
        assert engine.inLoop();
        engine.closer.close(this);
    }

    /** Closes at once; the peer sees a reset and what is unsent is lost, with an error per send call. Idempotent. */
    public void reset() {
        assert engine.inLoop();
        engine.closer.reset(this);
    }

    /** Whether it can still send. */
    public boolean open() {
        return sendRefusal() == 0;
    }

    /** Whether {@code closed} was or can be reported: nothing of it is in flight. */
    public boolean closed() {
        return state == CLOSED;
    }

    // ---- facts --------------------------------------------------------------------------------------------------

    public Engine engine() {
        return engine;
    }

    /** A number that no other open connection of this engine has. */
    public int slot() {
        return slot;
    }

    /** The buffers it holds: parked, queued to send, or in the application's hands. */
    public int held() {
        return held;
    }

    /** What the application attached. */
    public @Nullable Object attachment() {
        return attachment;
    }

    public void attach(@Nullable Object value) {
        attachment = value;
    }

    /** The peer's address, asked from the kernel. Any thread. */
    public SocketAddress remoteAddress() throws IOException {
        int asked = fd;
        return stillOf(asked, sockets().peerAddress(asked));
    }

    /** The address of this side, asked from the kernel. Any thread. */
    public SocketAddress localAddress() throws IOException {
        int asked = fd;
        return stillOf(asked, sockets().localAddress(asked));
    }

    /** A number that was closed meanwhile may be another client's. */
    private SocketAddress stillOf(int asked, SocketAddress answer) throws SocketException {
        if (fd != asked) {
            throw new SocketException("the connection is closed");
        }
        return answer;
    }

    /** Reads a socket option by its Linux level and name; {@code -errno} on failure. Any thread. */
    public int option(int level, int name) {
        return sockets().option(fd, level, name);
    }

    /** Sets a socket option by its Linux level and name; returns 0 or {@code -errno}. */
    public int setOption(int level, int name, int value) {
        return sockets().setOption(fd, level, name, value);
    }

    /** Makes the close of its descriptor, in order or not, a reset: {@code SO_LINGER} of 0. Returns 0 or {@code -errno}. */
    public int lingerZero() {
        return sockets().lingerZero(fd);
    }

    @Override
    public String toString() {
        return "connection " + slot + '#' + generation;
    }

    // ---- for the engine -----------------------------------------------------------------------------------------

    long userData(int op) {
        return UserData.of(op, generation, slot);
    }

    /** The error of a send call now, 0 if it can go out. */
    int sendRefusal() {
        if (closeErrno != 0) {
            return closeErrno;
        }
        if (state == CONNECTING) {
            return Errno.ENOTCONN;
        }
        // one that closes by itself waits for its leases, to be released or sent
        boolean sends = state == OPEN || (state == DRAINING && !ours);
        return sends && !outputEnded ? 0 : Errno.EPIPE;
    }

    boolean hasHandler() {
        return handler != null;
    }

    ConnectionHandler handler() {
        return Objects.requireNonNull(handler);
    }

    private Sockets sockets() {
        return engine.kernel().sockets();
    }
}
