package io.hotpath.netty;

import io.hotpath.engine.Connection;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.FileRegion;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.PromiseNotifier;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How a channel writes. A small message is copied when it is flushed, and with that it is written, as it is in a socket's
 * buffer; so a writer that waits for each of its writes, one after the other, has them all go out in one send at the end of
 * the turn. Other messages stay in Netty's buffer: a flush marks the channel, right before the loop's next sends it hands a
 * batch of them to the engine, and they are written when the engine has reported them. Loop thread.
 */
final class StreamOutput implements ChannelOutboundBuffer.MessageProcessor {
    /** A batch ends with the message that reaches one of these. */
    private static final int BATCH_MESSAGES_MAX = 512;

    private static final long BATCH_BYTES_MAX = 16 << 20;

    /** Copying more than that costs more than it saves. */
    private static final int COPIED_MESSAGE_MAX = 4 << 10;

    /**
     * So much is flushed that it fills a socket's buffer: worth a system call to have the kernel send it while the loop works on.
     * At less, such as the high water mark, one call per channel instead of one per turn cost 10 % of an echo of 64 KiB.
     */
    private static final int AT_ONCE_BYTES = 1 << 20;

    /** What a channel may have in copies that are not out, before its messages wait as they are. */
    private static final int COPIED_BYTES_MAX = 16 << 10;

    /** Tokens of send calls. */
    private static final long PART = 0;

    private static final long LAST_PART = 1;
    private static final long CHUNK = 2;
    private static final long COPY = 3;

    private static final MemorySegment NOTHING = MemorySegment.NULL;

    private final HotpathSocketChannel channel;

    /** Messages whose bytes the engine has, in order. */
    private final ArrayDeque<Object> handed = new ArrayDeque<>(1);

    private long handedBytes;
    private boolean marked;
    private boolean copying;
    private @Nullable IOException failure;
    private @Nullable RegionSend region;

    /** Flushed messages that go out before the output ends; -1 while it does not end. */
    private int untilEnd = -1;

    private @Nullable ChannelPromise shutdown;
    private @Nullable Connection finishing;
    private @Nullable Future<?> deadline;

    StreamOutput(HotpathSocketChannel channel) {
        this.channel = channel;
    }

    // ---- what Netty asks ----------------------------------------------------------------------------------------

    /** More is flushed: it goes out with the next sends, or behind what is going out. */
    void flushed() {
        if (copying) {
            return; // flushed by a listener of what is being copied: the loop there goes on with it
        }
        ChannelOutboundBuffer in = copySmall();
        if (untilEnd == 0) {
            end(); // a listener of the last message before the end ended it
            return;
        }
        if (in == null || in.current() == null) {
            return;
        }
        if (!marked && !busy()) {
            marked = true;
            channel.handler().marked(this);
        }
        if (marked && in.totalPendingWriteBytes() >= AT_ONCE_BYTES) {
            sendMarked();
            Objects.requireNonNull(channel.connection()).sendNow();
        }
    }

    /** Copies the small messages at the head of what is flushed; returns what holds the rest. */
    private @Nullable ChannelOutboundBuffer copySmall() {
        ChannelOutboundBuffer in = channel.stream().outboundBuffer();
        copying = true;
        try {
            while (in != null && !busy() && untilEnd < 0 && in.current() instanceof ByteBuf bytes && copied(bytes)) {
                int count = bytes.readableBytes();
                if (count > 0) {
                    in.progress(count); // its listeners may write, flush and end the output, as those of remove
                }
                messageSent(in, null);
                in = channel.stream().outboundBuffer();
            }
        } catch (RuntimeException unreadable) {
            channel.stream().fail(unreadable); // was released by somebody else
            in = null;
        } finally {
            copying = false;
        }
        return in;
    }

    private boolean copied(ByteBuf bytes) {
        int count = bytes.readableBytes();
        if (count == 0) {
            return true;
        }
        Connection socket = channel.connection();
        if (socket == null || count > COPIED_MESSAGE_MAX || socket.outboundBytes() + count > COPIED_BYTES_MAX) {
            return false;
        }
        int from = bytes.readerIndex();
        if (bytes.hasMemoryAddress()) {
            return socket.trySendCopy(bytes.memoryAddress() + from, count, COPY);
        }
        return bytes.nioBufferCount() == 1
                && socket.trySendCopy(
                        MemorySegment.ofBuffer(bytes.internalNioBuffer(from, count)).address(), count, COPY);
    }

    /** Right before the loop's sends. */
    void sendMarked() {
        if (marked) {
            marked = false;
            handOver();
        }
    }

    /** Ends the output behind what is flushed. */
    void shutdown(ChannelPromise promise) {
        ChannelOutboundBuffer in = channel.stream().outboundBuffer();
        ChannelPromise before = shutdown;
        if (finishing != null) {
            promise.tryFailure(new ClosedChannelException());
        } else if (before != null) {
            before.addListener(new PromiseNotifier<>(false, promise));
        } else if (in == null || in.isEmpty()) {
            channel.stream().shutdownOutput(promise);
        } else if (promise.setUncancellable()) {
            shutdown = promise;
            untilEnd = in.size();
            sendMarked();
        }
    }

    /** Closes {@code socket} behind what is flushed, or after the engine's close timeout with a reset. */
    void finish(Connection socket) {
        ChannelOutboundBuffer in = channel.stream().outboundBuffer();
        finishing = socket;
        if (untilEnd < 0) {
            untilEnd = in == null ? 0 : in.size();
        }
        if (untilEnd == 0) {
            socket.close();
            return;
        }
        long nanos = socket.engine().config().closeTimeout().toNanos();
        deadline = channel.eventLoop().schedule(socket::reset, nanos, TimeUnit.NANOSECONDS);
        sendMarked();
    }

    /** Whether the engine has something of it. */
    private boolean busy() {
        return !handed.isEmpty() || region != null;
    }

    // ---- hand over ----------------------------------------------------------------------------------------------

    private void handOver() {
        ChannelOutboundBuffer in = channel.stream().outboundBuffer();
        Connection socket = channel.connection();
        if (in == null || socket == null || !socket.open() || busy() || untilEnd == 0) {
            return;
        }
        handedBytes = 0;
        try {
            in.forEachFlushedMessage(this);
        } catch (Exception failed) {
            channel.stream().fail(failed);
            return;
        }
        if (!busy()) {
            skipCancelled(in); // nothing else was flushed
            if (untilEnd == 0) {
                end();
            }
        }
    }

    /** Takes a flushed message into the batch; returns whether there is room for the next. */
    @Override
    public boolean processMessage(Object message) throws IOException {
        if (untilEnd >= 0 && handed.size() >= untilEnd) {
            return false;
        }
        if (message instanceof FileRegion file) {
            if (handed.isEmpty()) {
                region = new RegionSend(file, channel.alloc());
                nextChunk();
            }
            return false; // alone in its batch
        }
        ByteBuf bytes = (ByteBuf) message;
        handed.add(bytes);
        send(Objects.requireNonNull(channel.connection()), bytes);
        handedBytes += bytes.readableBytes();
        return handed.size() < BATCH_MESSAGES_MAX && handedBytes < BATCH_BYTES_MAX;
    }

    private static void send(Connection socket, ByteBuf bytes) {
        int from = bytes.readerIndex();
        int count = bytes.readableBytes();
        if (count == 0) {
            socket.sendInPlace(NOTHING, LAST_PART);
        } else if (bytes.hasMemoryAddress()) {
            socket.sendInPlace(bytes.memoryAddress() + from, count, LAST_PART);
        } else if (bytes.nioBufferCount() == 1) {
            socket.sendInPlace(MemorySegment.ofBuffer(bytes.internalNioBuffer(from, count)), LAST_PART);
        } else {
            send(socket, bytes.nioBuffers(from, count));
        }
    }

    private static void send(Connection socket, ByteBuffer[] parts) {
        int last = parts.length - 1;
        while (!parts[last].hasRemaining()) {
            last--;
        }
        for (int i = 0; i <= last; i++) {
            socket.sendInPlace(MemorySegment.ofBuffer(parts[i]), i == last ? LAST_PART : PART);
        }
    }

    private void nextChunk() throws IOException {
        RegionSend file = Objects.requireNonNull(region);
        ByteBuf chunk = file.next();
        Connection socket = Objects.requireNonNull(channel.connection());
        socket.sendInPlace(
                chunk.isReadable()
                        ? MemorySegment.ofBuffer(chunk.internalNioBuffer(chunk.readerIndex(), chunk.readableBytes()))
                        : NOTHING,
                CHUNK);
    }

    // ---- reports ------------------------------------------------------------------------------------------------

    void sent(long token, long bytes, int errno) {
        if (errno != 0 && failure == null) {
            failure = Failures.io(errno);
        }
        if (token == COPY) {
            return; // written long ago
        }
        ChannelOutboundBuffer in = Objects.requireNonNull(channel.stream().outboundBuffer());
        skipCancelled(in);
        if (bytes > 0) {
            in.progress(bytes);
        }
        if (token == CHUNK) {
            chunkSent(in);
        } else if (token == LAST_PART) {
            handed.remove();
            messageSent(in, failure);
        }
        if (!busy()) {
            batchSent(in);
        }
    }

    /** Cancelled messages stay in Netty's list with nothing in them, and are never handed over. */
    private void skipCancelled(ChannelOutboundBuffer in) {
        Object next = region != null ? region.file() : handed.peek();
        for (Object current = in.current(); current != next && current != null; current = in.current()) {
            in.remove();
            ended(1);
        }
    }

    private void messageSent(ChannelOutboundBuffer in, @Nullable IOException cause) {
        ended(1);
        if (cause == null) {
            in.remove();
        } else {
            in.remove(cause);
        }
    }

    private void ended(int messages) {
        if (untilEnd > 0) {
            untilEnd -= messages;
        }
    }

    private void chunkSent(ChannelOutboundBuffer in) {
        RegionSend file = Objects.requireNonNull(region);
        IOException cause = failure;
        if (cause == null && !file.done()) {
            try {
                nextChunk();
                return;
            } catch (IOException unreadable) {
                cause = unreadable;
            }
        }
        region = null;
        file.release();
        messageSent(in, cause);
        if (cause != null && failure == null) {
            channel.stream().fail(cause); // the peer waits for bytes that will not come
        }
    }

    private void batchSent(ChannelOutboundBuffer in) {
        if (untilEnd == 0) {
            end();
        } else if (!in.isEmpty()) {
            handOver();
        }
    }

    private void end() {
        ChannelPromise promise = shutdown;
        shutdown = null;
        Connection socket = finishing;
        if (promise != null) {
            channel.stream().shutdownOutput(promise);
        }
        if (socket != null) {
            socket.close();
        }
    }

    /** The connection is over, and each send call was reported. */
    void ended() {
        Future<?> timeout = deadline;
        if (timeout != null) {
            timeout.cancel(false);
        }
        RegionSend file = region;
        region = null;
        if (file != null) {
            file.release();
        }
        ChannelPromise promise = shutdown;
        shutdown = null;
        if (promise != null) {
            channel.stream().shutdownOutput(promise);
        }
    }
}
