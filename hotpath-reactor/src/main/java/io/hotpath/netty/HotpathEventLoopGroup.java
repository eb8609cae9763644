package io.hotpath.netty;

import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.EngineStats;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * Event loops that each turn one engine. An accepted channel stays on the loop whose ring accepted it.
 *
 * <p>One group for {@code ServerBootstrap.group(group)} is the normal case. With two groups, give the server channel the
 * group of its children, {@code channelFactory(() -> new HotpathServerSocketChannel(children))}: it then listens on their
 * loops. Without that, an accepted socket moves to a loop of the other group before it receives anything.
 */
public class HotpathEventLoopGroup extends MultiThreadIoEventLoopGroup {
    private final List<HotpathIoHandler> handlers;

    /** As many loops as Netty's default, daemon threads named {@code hotpath-...}. */
    public HotpathEventLoopGroup() {
        this(0);
    }

    /** {@code loops} loops, daemon threads named {@code hotpath-...}; 0 takes Netty's default. */
    public HotpathEventLoopGroup(int loops) {
        this(loops, new LoopThreads("hotpath", true), EngineConfig.DEFAULT);
    }

    /** {@code loops} loops, daemon threads named {@code hotpath-...}, engines with {@code config}. */
    public HotpathEventLoopGroup(int loops, EngineConfig config) {
        this(loops, new LoopThreads("hotpath", true), config);
    }

    /** {@code loops} loops on threads that {@code threads} makes; 0 takes Netty's default. */
    public HotpathEventLoopGroup(int loops, ThreadFactory threads, EngineConfig config) {
        this(loops, threads, new Recorder(HotpathIoHandler.newFactory(config)));
    }

    private HotpathEventLoopGroup(int loops, ThreadFactory threads, Recorder recorder) {
        super(loops, threads, recorder);
        handlers = List.copyOf(recorder.handlers);
    }

    /** Threads as these groups have them by default, with a name of your own. */
    public static ThreadFactory threads(String prefix, boolean daemon) {
        return new LoopThreads(prefix, daemon);
    }

    /** How many loops it has. */
    public int loops() {
        return handlers.size();
    }

    /** Counters and gauges of a loop, {@code null} if it has not begun; also after the end. Any thread. */
    public @Nullable EngineStats stats(int loop) {
        HotpathIoHandler handler = handlers.get(loop);
        return handler.opened() ? handler.engine().stats() : null;
    }

    @Override
    @SuppressWarnings("deprecation") // what bootstraps call
    public ChannelFuture register(Channel channel) {
        IoEventLoop home = home(channel);
        return home == null ? super.register(channel) : home.register(channel);
    }

    @Override
    @SuppressWarnings("deprecation") // what bootstraps call
    public ChannelFuture register(ChannelPromise promise) {
        IoEventLoop home = home(promise.channel());
        return home == null ? super.register(promise) : home.register(promise);
    }

    /** What each loop that has begun counts, in the order of the loops. Any thread. */
    public List<EngineStats> stats() {
        return handlers.stream().filter(HotpathIoHandler::opened).map(each -> each.engine().stats()).toList();
    }

    /** Moves every loop's channels to the next kernel, as when its ring had failed; see {@link Engine#forceUnhealthy}. */
    public void forceUnhealthy() {
        handlers.stream().filter(HotpathIoHandler::opened).forEach(each -> each.engine().forceUnhealthy());
    }

    /** The loops' handlers, in the order of the loops. */
    List<HotpathIoHandler> handlers() {
        return handlers;
    }

    private @Nullable IoEventLoop home(Channel channel) {
        if (channel instanceof HotpathSocketChannel accepted) {
            HotpathIoHandler home = accepted.acceptedBy();
            return home != null && home.loop().parent() == this ? home.loop() : null;
        }
        return null;
    }

    /** Remembers what it made. */
    private static final class Recorder implements IoHandlerFactory {
        private final IoHandlerFactory factory;
        private final List<HotpathIoHandler> handlers = new CopyOnWriteArrayList<>();

        Recorder(IoHandlerFactory factory) {
            this.factory = factory;
        }

        @Override
        public IoHandler newHandler(ThreadAwareExecutor executor) {
            HotpathIoHandler handler = (HotpathIoHandler) factory.newHandler(executor);
            handlers.add(handler);
            return handler;
        }
    }
}
