package io.hotpath.netty;

import io.hotpath.engine.ListenAddress;
import io.hotpath.engine.SocketOption;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.ServerSocketChannelConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Accepts on every loop of its group: one listening socket per loop behind one channel, so that a connection lives on the
 * ring that accepted it. On a loop of another kind of group it listens there alone.
 */
public final class HotpathServerSocketChannel extends AbstractHotpathChannel implements ServerSocketChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false, 16);

    private final HotpathServerSocketChannelConfig config = new HotpathServerSocketChannelConfig(this);
    private final @Nullable HotpathEventLoopGroup children;

    /** One per loop. Written by its loop when it is bound. */
    private volatile List<Shard> shards = List.of();

    private volatile @Nullable SocketAddress bound;
    private volatile boolean closed;

    /** Whether clients are accepted: autoRead, or a read that was asked for. Its loop writes, each shard reads. */
    private volatile boolean accepting;

    /** Shards whose sockets are open. Loop thread. */
    private int open;

    /** Whether {@code TCP_NODELAY} was off when it was bound. Its loop writes before it listens. */
    private boolean delays;

    private @Nullable Runnable onShardsClosed;

    /** Listens on the loops of the group that it is registered with. */
    public HotpathServerSocketChannel() {
        this(null);
    }

    /** Listens on the loops of {@code children}, where a second group registers and closes it. */
    public HotpathServerSocketChannel(@Nullable HotpathEventLoopGroup children) {
        super(null);
        this.children = children;
    }

    // ---- facts --------------------------------------------------------------------------------------------------

    @Override
    public ServerSocketChannelConfig config() {
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
        return bound != null && !closed;
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
        return bound;
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
        return null;
    }

    /** How many loops accept for it; 0 before it is bound. */
    int shards() {
        return shards.size();
    }

    boolean accepting() {
        return accepting;
    }

    // ---- bind ---------------------------------------------------------------------------------------------------

    @Override
    void registered(HotpathIoHandler on, ChannelPromise promise) {
        promise.setSuccess();
    }

    @Override
    public ChannelFuture bind(SocketAddress localAddress) {
        return bind(localAddress, newPromise());
    }

    /** Binds once each loop that will accept has its engine, so that none of the sockets is one that nobody serves. */
    @Override
    public ChannelFuture bind(SocketAddress localAddress, ChannelPromise promise) {
        List<HotpathIoHandler> waiting = hasHandler()
                ? homes().stream().filter(home -> !home.opened()).toList()
                : List.of();
        if (waiting.isEmpty()) {
            return super.bind(localAddress, promise);
        }
        AtomicInteger left = new AtomicInteger(waiting.size());
        for (HotpathIoHandler home : waiting) {
            // a loop that cannot open its engine shows it in doBind
            home.loop().submit(() -> {}).addListener(done -> {
                if (left.decrementAndGet() == 0) {
                    var _ = super.bind(localAddress, promise);
                }
            });
        }
        return promise;
    }

    private List<HotpathIoHandler> homes() {
        if (children != null) {
            return children.handlers();
        }
        return eventLoop().parent() instanceof HotpathEventLoopGroup group ? group.handlers() : List.of(handler());
    }

    @Override
    protected void doBind(SocketAddress localAddress) throws IOException {
        List<HotpathIoHandler> homes = homes();
        for (HotpathIoHandler home : homes) {
            home.engine(); // throws why there is none
        }
        List<SocketOption> options = config.natives().asked();
        delays = options.contains(NativeOption.TCP_NODELAY.socketOption(0));
        ListenAddress sockets = ListenAddress.bind(
                homes.getFirst().engine(), Addresses.dualStack(localAddress), config.getBacklog(), homes.size(),
                options);
        List<Shard> opened = new ArrayList<>();
        for (int i = 0; i < homes.size(); i++) {
            opened.add(new Shard(this, homes.get(i), sockets, i));
        }
        open = opened.size();
        shards = List.copyOf(opened);
        bound = sockets.address();
        opened.forEach(Shard::open);
    }

    /** Whether it was bound with {@code TCP_NODELAY} off, which those that it accepts inherit. Any thread. */
    boolean delays() {
        return delays;
    }

    // ---- accept -------------------------------------------------------------------------------------------------

    @Override
    protected void doBeginRead() {
        setAccepting(true);
    }

    void autoReadCleared() {
        if (!isRegistered()) {
            return;
        }
        if (eventLoop().inEventLoop()) {
            pauseUnlessAutoRead();
        } else {
            eventLoop().execute(this::pauseUnlessAutoRead);
        }
    }

    private void pauseUnlessAutoRead() {
        if (!config.isAutoRead()) {
            setAccepting(false);
        }
    }

    private void setAccepting(boolean value) {
        if (accepting != value) {
            accepting = value;
            shards.forEach(Shard::adjust);
        }
    }

    /** Children that a shard accepted in one drain. Loop thread. */
    void accepted(List<HotpathSocketChannel> batch) {
        for (HotpathSocketChannel child : batch) {
            if (closed) {
                child.unsafe().closeForcibly();
            } else {
                pipeline().fireChannelRead(child);
            }
        }
        pauseUnlessAutoRead(); // one read was asked for and is answered; before the next can be asked for
        pipeline().fireChannelReadComplete();
    }

    // ---- close --------------------------------------------------------------------------------------------------

    /** A shard's socket is closed. Loop thread. */
    void shardClosed() {
        open = Math.max(open - 1, 0);
        Runnable action = onShardsClosed;
        if (open == 0 && action != null) {
            onShardsClosed = null;
            action.run();
        }
    }

    @Override
    protected void doClose() {
        closed = true;
        shards.forEach(Shard::close);
    }

    @Override
    protected void doDisconnect() {
        throw new UnsupportedOperationException();
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer in) {
        throw new UnsupportedOperationException();
    }

    @Override
    protected Object filterOutboundMessage(Object msg) {
        throw new UnsupportedOperationException();
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new ServerUnsafe();
    }

    @Override
    public @Nullable Channel parent() {
        return null;
    }

    private final class ServerUnsafe extends AbstractUnsafe implements HotpathIoHandle {
        private boolean waits;

        @Override
        public void connect(SocketAddress remoteAddress, SocketAddress localAddress, ChannelPromise promise) {
            safeSetFailure(promise, new UnsupportedOperationException("a server channel does not connect"));
        }

        /** Closes each shard on its loop first: the address is free when the promise says so. */
        @Override
        protected void close(ChannelPromise promise, Throwable cause, ClosedChannelException closeCause) {
            if (open == 0 || closed) {
                super.close(promise, cause, closeCause);
                return;
            }
            if (!promise.setUncancellable()) {
                return;
            }
            if (waits) {
                if (!promise.isVoid()) {
                    closeFuture().addListener(_ -> promise.trySuccess());
                }
                return;
            }
            waits = true;
            onShardsClosed = () -> super.close(promise, cause, closeCause);
            shards.forEach(Shard::close);
        }

        /** The loop ends: the shards on other loops close by themselves, there is nobody here to hear of it. */
        @Override
        public void close() {
            shards.forEach(Shard::close);
            Runnable waiting = onShardsClosed;
            onShardsClosed = null;
            open = 0;
            if (waiting != null) {
                waiting.run();
            } else {
                close(voidPromise());
            }
        }
    }
}
