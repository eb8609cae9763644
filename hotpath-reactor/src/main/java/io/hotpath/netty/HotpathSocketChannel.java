package io.hotpath.netty;

import io.hotpath.Errno;
import io.hotpath.engine.Connection;
import io.hotpath.engine.ConnectionHandler;
import io.hotpath.engine.Engine;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.FileRegion;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketChannelConfig;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ConnectionPendingException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.UnresolvedAddressException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A TCP connection on the engine of its loop. Reads are in {@link StreamInput}, writes in {@link StreamOutput}; here is how
 * it opens and ends.
 *
 * <p>What the kernel works on is never given up early: a close waits until what was flushed before it is out, for the
 * engine's {@code closeTimeout} at most, and completes when nothing of the connection is in flight.
 */
public final class HotpathSocketChannel extends AbstractHotpathChannel implements SocketChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false, 16);

    private final HotpathSocketChannelConfig config = new HotpathSocketChannelConfig(this);
    private final StreamInput input = new StreamInput(this);
    private final StreamOutput output = new StreamOutput(this);
    private final @Nullable HotpathIoHandler acceptedBy;

    /** Its socket. The loop writes; others read options and addresses through it. */
    private volatile @Nullable Connection connection;

    private volatile @Nullable SocketAddress peer;
    private volatile boolean connected;
    private volatile boolean closed;
    private volatile boolean inputShutdown;
    private volatile boolean outputShutdown;

    /** The engine is done with the connection. Loop thread. */
    private boolean ended;

    /** A channel to connect. */
    public HotpathSocketChannel() {
        super(null);
        acceptedBy = null;
    }

    /** An accepted connection; on the loop that accepted it. */
    HotpathSocketChannel(HotpathServerSocketChannel server, Connection accepted, HotpathIoHandler acceptedBy) {
        super(server);
        this.acceptedBy = acceptedBy;
        connected = true;
        own(accepted);
        accepted.adopt(reports());
    }

    private void own(Connection socket) {
        connection = socket;
        config.natives().apply(socket, comesWithoutDelay());
    }

    /** Sockets that connect and those that listen have the option from the engine, and who is accepted inherits it. */
    private boolean comesWithoutDelay() {
        ServerSocketChannel server = parent();
        return server == null || !((HotpathServerSocketChannel) server).delays();
    }

    private StreamUnsafe reports() {
        return (StreamUnsafe) unsafe();
    }

    // ---- facts --------------------------------------------------------------------------------------------------

    @Override
    public SocketChannelConfig config() {
        return config;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    @Override
    public boolean isOpen() {
        return !closed;
    }

    @Override
    public boolean isActive() {
        return connected && !closed;
    }

    @Override
    public boolean isInputShutdown() {
        return inputShutdown || !isActive();
    }

    @Override
    public boolean isOutputShutdown() {
        return outputShutdown || !isActive();
    }

    @Override
    public boolean isShutdown() {
        return isInputShutdown() && isOutputShutdown();
    }

    @Override
    public @Nullable ServerSocketChannel parent() {
        return (ServerSocketChannel) super.parent();
    }

    @Override
    public InetSocketAddress localAddress() {
        return (InetSocketAddress) super.localAddress();
    }

    @Override
    public InetSocketAddress remoteAddress() {
        return (InetSocketAddress) super.remoteAddress();
    }

    @Override
    protected @Nullable SocketAddress localAddress0() {
        Connection socket = connection;
        if (closed) {
            return null;
        }
        SocketAddress bound = acceptedAt();
        if (bound != null) {
            return bound;
        }
        try {
            return socket == null ? null : socket.localAddress();
        } catch (IOException closedByNow) {
            return null;
        }
    }

    /** Where it was accepted, if its server is bound to one address. */
    private @Nullable SocketAddress acceptedAt() {
        ServerSocketChannel server = parent();
        InetSocketAddress bound = server == null ? null : server.localAddress();
        return bound == null || bound.getAddress().isAnyLocalAddress() ? null : bound;
    }

    /** Netty's users ask who it was when it is over, and then the kernel knows no more. */
    private void rememberAddresses() {
        localAddress();
        remoteAddress();
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
        Connection socket = connection;
        SocketAddress asked = peer;
        try {
            return asked != null || socket == null || !connected || closed ? asked : socket.remoteAddress();
        } catch (IOException closedByNow) {
            return null;
        }
    }

    /** The loop whose ring accepted it, {@code null} if it connects itself. */
    @Nullable
    HotpathIoHandler acceptedBy() {
        return acceptedBy;
    }

    /** Its socket, {@code null} before it has one. */
    @Nullable
    Connection connection() {
        return connection;
    }

    StreamUnsafe stream() {
        return reports();
    }

    void inputShut() {
        inputShutdown = true;
    }

    // ---- register -----------------------------------------------------------------------------------------------

    @Override
    void registered(HotpathIoHandler on, ChannelPromise promise) {
        Connection socket = connection;
        if (socket == null) {
            promise.setSuccess();
        } else if (socket.engine() == on.engine()) {
            begin(socket);
            promise.setSuccess();
        } else if (input.begun()) {
            promise.setFailure(new IllegalStateException("a connection that has received stays on its ring"));
        } else {
            move(socket, on, promise);
        }
    }

    private void begin(Connection socket) {
        rememberAddresses();
        socket.returnsAtOnce();
        socket.start(false);
        input.begin(socket);
    }

    /** It was accepted by another ring than its loop's, and has not received: takes its socket there. */
    private void move(Connection from, HotpathIoHandler to, ChannelPromise promise) {
        onLoopOf(from, () -> {
            int descriptor;
            try {
                descriptor = from.detach();
            } catch (IllegalStateException over) {
                eventLoop().execute(() -> promise.setFailure(new ClosedChannelException()));
                return;
            }
            try {
                eventLoop().execute(() -> arrive(to, descriptor, promise));
            } catch (RejectedExecutionException ended) {
                from.engine().attach(descriptor, reports()).reset();
            }
        });
    }

    private void arrive(HotpathIoHandler on, int descriptor, ChannelPromise promise) {
        Connection socket = on.engine().attach(descriptor, reports());
        connection = socket;
        config.natives().apply(socket, false);
        if (closed) {
            socket.reset();
            promise.setFailure(new ClosedChannelException());
        } else {
            begin(socket);
            promise.setSuccess();
        }
    }

    private static void onLoopOf(Connection socket, Runnable action) {
        Engine engine = socket.engine();
        if (engine.inLoop()) {
            action.run();
            return;
        }
        try {
            engine.execute(action);
        } catch (RejectedExecutionException closedByNow) {
            // with its engine every connection of it is closed
        }
    }

    // ---- read ---------------------------------------------------------------------------------------------------

    @Override
    protected void doBeginRead() {
        input.read();
    }

    void autoReadCleared() {
        if (!isRegistered()) {
            return;
        }
        if (eventLoop().inEventLoop()) {
            input.autoReadCleared();
        } else {
            eventLoop().execute(input::autoReadCleared);
        }
    }

    // ---- write --------------------------------------------------------------------------------------------------

    @Override
    protected void doWrite(ChannelOutboundBuffer in) {
        throw new AssertionError("flush0 marks, StreamOutput sends");
    }

    @Override
    protected Object filterOutboundMessage(Object msg) {
        return switch (msg) {
            case ByteBuf buffer when buffer.isDirect() -> msg;
            case ByteBuf buffer -> direct(buffer);
            case FileRegion _ -> msg;
            default -> throw new UnsupportedOperationException("unsupported message type: " + msg.getClass().getName()
                    + " (expected: ByteBuf, FileRegion)");
        };
    }

    /** The kernel reads native memory only. */
    private ByteBuf direct(ByteBuf heap) {
        int count = heap.readableBytes();
        ByteBuf copy = alloc().directBuffer(count);
        copy.writeBytes(heap, heap.readerIndex(), count);
        ReferenceCountUtil.safeRelease(heap);
        return copy;
    }

    // ---- half close ---------------------------------------------------------------------------------------------

    @Override
    public ChannelFuture shutdownOutput() {
        return shutdownOutput(newPromise());
    }

    @Override
    public ChannelFuture shutdownOutput(ChannelPromise promise) {
        onLoop(promise, () -> output.shutdown(promise));
        return promise;
    }

    @Override
    protected void doShutdownOutput() throws ClosedChannelException {
        Connection socket = connection;
        if (closed || ended) {
            throw new ClosedChannelException();
        }
        if (socket == null || !connected) {
            throw new NotYetConnectedException();
        }
        outputShutdown = true;
        socket.shutdownOutput();
    }

    @Override
    public ChannelFuture shutdownInput() {
        return shutdownInput(newPromise());
    }

    @Override
    public ChannelFuture shutdownInput(ChannelPromise promise) {
        onLoop(promise, () -> {
            if (closed || ended) {
                promise.tryFailure(new ClosedChannelException());
            } else if (!connected) {
                promise.tryFailure(new NotYetConnectedException());
            } else {
                input.shutdown();
                promise.trySuccess();
            }
        });
        return promise;
    }

    @Override
    public ChannelFuture shutdown() {
        return shutdown(newPromise());
    }

    @Override
    public ChannelFuture shutdown(ChannelPromise promise) {
        shutdownOutput().addListener((ChannelFutureListener) out -> shutdownInput()
                .addListener((ChannelFutureListener) in -> {
                    Throwable cause = out.cause() != null ? out.cause() : in.cause();
                    if (cause == null) {
                        promise.trySuccess();
                    } else {
                        promise.tryFailure(cause);
                    }
                }));
        return promise;
    }

    private void onLoop(ChannelPromise promise, Runnable action) {
        if (eventLoop().inEventLoop()) {
            action.run();
            return;
        }
        try {
            eventLoop().execute(action);
        } catch (RejectedExecutionException ended) {
            promise.tryFailure(ended);
        }
    }

    // ---- close --------------------------------------------------------------------------------------------------

    @Override
    protected void doBind(SocketAddress localAddress) throws IOException {
        Connection socket = connection;
        SocketAddress local = Addresses.dualStack(localAddress);
        if (socket == null) {
            socket = socket(local);
        }
        socket.bind(local);
    }

    private Connection socket(SocketAddress like) {
        Connection socket = handler().engine().socket(like, reports());
        own(socket);
        return socket;
    }

    @Override
    protected void doDisconnect() {
        doClose();
    }

    @Override
    protected void doClose() {
        closed = true;
        Connection socket = connection;
        if (socket != null && !ended) {
            boolean reset = config.getSoLinger() == 0;
            onLoopOf(socket, reset ? socket::reset : socket::close);
        }
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new StreamUnsafe();
    }

    /** What Netty asks of the connection and what the engine reports of it. Loop thread. */
    final class StreamUnsafe extends AbstractUnsafe implements HotpathIoHandle, ConnectionHandler {
        private @Nullable ChannelPromise connectPromise;
        private @Nullable Runnable closing;
        private int connectTimeoutMillis;

        // ---- connect --------------------------------------------------------------------------------------------

        @Override
        public void connect(SocketAddress remote, @Nullable SocketAddress local, ChannelPromise promise) {
            if (promise.isDone() || !ensureOpen(promise)) {
                return;
            }
            try {
                if (connectPromise != null) {
                    throw new ConnectionPendingException();
                }
                if (isActive()) {
                    throw new AlreadyConnectedException();
                }
                beginConnect(remote, local);
                connectPromise = promise;
                promise.addListener(future -> {
                    if (future.isCancelled()) {
                        connectPromise = null;
                        close(voidPromise());
                    }
                });
            } catch (IOException | RuntimeException refused) {
                promise.tryFailure(annotateConnectException(refused, remote));
                closeIfClosed();
            }
        }

        private void beginConnect(SocketAddress remote, @Nullable SocketAddress local) throws IOException {
            if (remote instanceof InetSocketAddress inet && inet.isUnresolved()) {
                throw new UnresolvedAddressException();
            }
            Connection socket = connection;
            if (socket == null) {
                socket = socket(remote);
            }
            if (local != null) {
                socket.bind(local);
            }
            connectTimeoutMillis = config.getConnectTimeoutMillis();
            socket.connect(remote, connectTimeoutMillis <= 0
                    ? Long.MAX_VALUE
                    : TimeUnit.MILLISECONDS.toNanos(connectTimeoutMillis));
            peer = remote;
        }

        @Override
        public void connected(Connection socket) {
            connected = true;
            begin(socket);
            ChannelPromise promise = connectPromise;
            connectPromise = null;
            boolean wanted = promise != null && promise.trySuccess();
            pipeline().fireChannelActive(); // also if it was cancelled: channelInactive follows
            if (!wanted) {
                close(voidPromise());
            }
        }

        private Throwable connectFailure(int errno) {
            SocketAddress remote = peer;
            if (errno == Errno.ETIMEDOUT) {
                return new ConnectTimeoutException(
                        "connection timed out after " + connectTimeoutMillis + " ms: " + remote);
            }
            return annotateConnectException(Failures.connect(errno), remote);
        }

        // ---- write ----------------------------------------------------------------------------------------------

        @Override
        protected void flush0() {
            if (!connected) {
                super.flush0(); // fails what is flushed
            } else if (!ended) {
                output.flushed();
            }
        }

        // ---- close ----------------------------------------------------------------------------------------------

        @Override
        protected void close(ChannelPromise promise, Throwable cause, ClosedChannelException closeCause) {
            close(promise, cause, closeCause, false);
        }

        private void close(
                ChannelPromise promise, Throwable cause, ClosedChannelException closeCause, boolean atOnce) {
            Connection socket = connection;
            if (socket == null || ended || !hasHandler() || socket.engine() != handler().engine()) {
                super.close(promise, cause, closeCause);
                return;
            }
            if (!promise.setUncancellable()) {
                return;
            }
            if (closing != null) {
                if (!promise.isVoid()) {
                    closeFuture().addListener(_ -> promise.trySuccess());
                }
                return;
            }
            closing = () -> super.close(promise, cause, closeCause);
            socket.pause();
            if (atOnce || !connected || config.getSoLinger() == 0) {
                if (!atOnce) {
                    socket.sendNow(); // what was copied is written, and goes out before the reset if there is room
                }
                socket.reset();
            } else {
                output.finish(socket);
            }
        }

        /** The loop ends. */
        @Override
        public void close() {
            close(voidPromise());
        }

        boolean isClosing() {
            return closing != null;
        }

        /** Something of it broke on our side: closes it at once, whoever waits is told why. */
        void fail(Throwable cause) {
            ClosedChannelException closedBy = new ClosedChannelException();
            closedBy.initCause(cause);
            close(voidPromise(), cause, closedBy, true);
        }

        @Override
        public void closed(Connection socket, int errno) {
            ended = true;
            input.ended();
            output.ended();
            ChannelPromise promise = connectPromise;
            connectPromise = null;
            if (promise != null) {
                promise.tryFailure(closing != null ? new ClosedChannelException() : connectFailure(errno));
            }
            Runnable asked = closing;
            if (asked != null) {
                asked.run();
            } else if (errno == 0 || promise != null) {
                close(voidPromise());
            } else {
                IOException cause = Failures.io(errno);
                if (errno != Errno.EPIPE) { // that one is a write's, and its promise has told
                    pipeline().fireExceptionCaught(cause);
                }
                fail(cause);
            }
        }

        // ---- reports --------------------------------------------------------------------------------------------

        @Override
        public void received(Connection socket, long lease, int length) {
            input.received(socket, lease, length);
        }

        @Override
        public void inputEnded(Connection socket) {
            input.inputEnded();
        }

        @Override
        public void sent(Connection socket, long token, long bytes, int errno) {
            output.sent(token, bytes, errno);
        }
    }
}
