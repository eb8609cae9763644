package io.hotpath.netty;

import io.hotpath.engine.Connection;
import io.hotpath.engine.Leases;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelConfig;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.util.LeakPresenceDetector;
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
        ByteBuf bytes;
        if (length >= LENT_BYTES_MIN && socket.mayKeep()) {
            bytes = new LentBuffer(channel.config().getAllocator(), leases, lease);
        } else {
            try {
                bytes = copy(leases, lease, length);
            } catch (RuntimeException | Error failed) {
                leases.release(lease);
                noMemory(failed);
                return;
            }
            leases.release(lease);
        }
        handle.attemptedBytesRead(length);
        handle.lastBytesRead(length);
        handle.incMessagesRead(1);
        readPending = false;
        channel.pipeline().fireChannelRead(bytes);
    }

    private ByteBuf copy(Leases leases, long lease, int length) {
        ByteBuf bytes = channel.config().getAllocator().ioBuffer(length);
        if (bytes.hasMemoryAddress()) {
            leases.copy(lease, 0, bytes.memoryAddress(), length);
        } else {
            leases.copy(lease, 0, bytes.internalNioBuffer(0, length), length);
        }
        return bytes.writerIndex(length);
    }

    private void noMemory(Throwable cause) {
        channel.pipeline().fireExceptionCaught(cause);
        if (cause instanceof OutOfMemoryError || cause instanceof LeakPresenceDetector.AllocationProhibitedException) {
            channel.stream().fail(cause);
        }
    }

    void inputEnded() {
        endPending = true;
        touch();
    }

    private void touch() {
        if (!touched) {
            touched = true;
            channel.handler().touched(this);
        }
    }

    @Override
    public void drained() {
        if (!touched) {
            return; // its end came first and said it
        }
        touched = false;
        channel.stream().recvBufAllocHandle().readComplete();
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
