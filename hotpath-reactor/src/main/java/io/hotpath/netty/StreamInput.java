package io.hotpath.netty;

import io.hotpath.engine.Connection;
import io.hotpath.engine.Leases;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelConfig;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.util.ReferenceCountUtil;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How a channel reads. With autoRead the engine delivers without limit; without, one buffer per {@code read()}. Turning it
 * off and on moves demand only: the receive stays armed. Loop thread.
 */
final class StreamInput implements TurnEnd {
    /** Shorter reads are copied: that costs less than an object for each (docs/decisions/0010). */
    private static final int LENT_BYTES_MIN = 8 << 10;

    private final HotpathSocketChannel channel;
    private @Nullable Connection connection;

    /** The loop that it receives on. */
    private @Nullable HotpathIoHandler loop;

    private boolean readPending;
    private boolean flowing;
    private boolean touched;
    private boolean endPending;
    private boolean endSeen;

    StreamInput(HotpathSocketChannel channel) {
        this.channel = channel;
    }

    /** Whether it may have received. */
    boolean begun() {
        return connection != null;
    }

    void begin(Connection socket) {
        connection = socket;
        loop = channel.handler();
        if (readPending) {
            socket.request(1);
        }
    }

    // ---- demand -------------------------------------------------------------------------------------------------

    void read() {
        Connection socket = connection;
        if (socket == null) {
            readPending = true;
        } else if (channel.config().isAutoRead()) {
            flow(socket);
        } else if (!readPending) {
            readPending = true;
            socket.request(1);
        }
    }

    private void flow(Connection socket) {
        if (!flowing) {
            flowing = true;
            socket.request(Long.MAX_VALUE);
        }
    }

    void autoReadCleared() {
        Connection socket = connection;
        if (!channel.config().isAutoRead() && !channel.isInputShutdown()) {
            readPending = false;
            flowing = false;
            if (socket != null) {
                socket.pause();
            }
        }
    }

    /** Takes in and drops what comes from now on, and says so in the next task, as if the end had been read. */
    void shutdown() {
        if (!channel.isInputShutdown()) {
            channel.inputShut();
            Connection socket = connection;
            if (socket != null) {
                flow(socket);
            }
            channel.eventLoop().execute(this::readCompleteOfShutdown);
        }
    }

    private void readCompleteOfShutdown() {
        if (!endSeen) {
            endSeen = true;
            channel.pipeline().fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
        }
    }

    // ---- reports ------------------------------------------------------------------------------------------------

    void received(Connection socket, long lease, int length) {
        Leases leases = socket.engine().leases();
        if (channel.stream().isClosing() || channel.isInputShutdown()) {
            leases.release(lease);
            return;
        }
        var handle = channel.stream().recvBufAllocHandle();
        if (!touched) {
            handle.reset(channel.config());
        }
        touch();
        Gathering gathering = loop().gathering();
        boolean full = gathering.fills(length);
        if (gathering.of(this) || (full && flowing)) {
            int longest = handle.guess();
            gathering.add(this, lease, length);
            if (!full || gathering.ends(longest)) { // at once: whoever pauses in this read has no other behind it
                handOver();
            }
        } else {
            read(socket, lease, length);
        }
    }

    /** Reads what was gathered for it. */
    void handOver() {
        Gathering gathering = loop().gathering();
        Connection socket = Objects.requireNonNull(connection);
        Leases leases = socket.engine().leases();
        int length = gathering.bytes();
        if (channel.stream().isClosing() || channel.isInputShutdown()) {
            gathering.release(leases);
        } else if (gathering.count() == 1) {
            read(socket, gathering.takeOne(), length);
        } else {
            ByteBuf bytes = null;
            try {
                bytes = channel.config().getAllocator().ioBuffer(length);
                gathering.moveTo(bytes, leases);
            } catch (RuntimeException | Error failed) {
                ReferenceCountUtil.safeRelease(bytes);
                gathering.release(leases);
                unread(failed);
                return;
            }
            read(bytes);
        }
    }

    private void read(Connection socket, long lease, int length) {
        Leases leases = socket.engine().leases();
        ByteBuf bytes = null;
        try {
            if (length >= LENT_BYTES_MIN && socket.mayKeep()) {
                bytes = new LentBuffer(channel.config().getAllocator(), leases, lease);
            } else {
                bytes = channel.config().getAllocator().ioBuffer(length);
                Gathering.append(leases, lease, bytes);
                leases.release(lease);
            }
        } catch (RuntimeException | Error failed) {
            ReferenceCountUtil.safeRelease(bytes);
            leases.release(lease);
            unread(failed);
            return;
        }
        read(bytes);
    }

    private void read(ByteBuf bytes) {
        var handle = channel.stream().recvBufAllocHandle();
        int length = bytes.readableBytes();
        try { // it may be the application's
            handle.attemptedBytesRead(length);
            handle.lastBytesRead(length);
            handle.incMessagesRead(1);
        } catch (RuntimeException | Error failed) {
            bytes.release();
            unread(failed);
            return;
        }
        readPending = false;
        channel.pipeline().fireChannelRead(bytes);
    }

    /** What was received is lost, so nothing behind it may be read. */
    private void unread(Throwable cause) {
        channel.pipeline().fireExceptionCaught(cause);
        channel.stream().fail(cause);
    }

    void inputEnded() {
        endPending = true;
        touch();
    }

    private HotpathIoHandler loop() {
        return Objects.requireNonNull(loop, "has not begun");
    }

    private void touch() {
        if (!touched) {
            touched = true;
            loop().touched(this);
        }
    }

    @Override
    public void drained() {
        if (!touched) {
            return; // its end came first and said it
        }
        if (loop().gathering().of(this)) {
            handOver();
        }
        touched = false;
        try {
            channel.stream().recvBufAllocHandle().readComplete();
        } catch (RuntimeException | Error failed) {
            unread(failed);
        }
        channel.pipeline().fireChannelReadComplete();
        if (endPending) {
            endPending = false;
            end();
        }
    }

    private void end() {
        if (channel.isInputShutdown()) {
            readCompleteOfShutdown();
        } else if (halfClosure(channel.config())) {
            channel.inputShut();
            channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
            readCompleteOfShutdown();
        } else {
            channel.stream().close(channel.voidPromise());
        }
    }

    private static boolean halfClosure(ChannelConfig config) {
        return ((HotpathSocketChannelConfig) config).isAllowHalfClosure();
    }

    /** The connection is over: what was read is complete. */
    void ended() {
        endPending = false;
        drained();
    }
}
