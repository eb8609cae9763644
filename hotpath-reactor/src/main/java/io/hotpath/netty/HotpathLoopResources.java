package io.hotpath.netty;

import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.EngineStats;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.util.concurrent.Future;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.netty.FutureMono;
import reactor.netty.resources.LoopResources;

/**
 * Hotpath's event loops for reactor-netty: {@code HttpServer.create().runOn(HotpathLoopResources.create("http"))}, and the
 * same for {@code TcpServer}, {@code TcpClient} and {@code HttpClient}. One instance serves all of them; make one for a
 * process and dispose it at its end.
 *
 * <p>Where io_uring is refused its loops run on epoll, as {@link EngineConfig#policy} says. It steps aside, and reactor-netty's
 * own loops serve instead,
 * <ul>
 *   <li>for a server or client that was told not to use native transports, {@code runOn(loops, false)} or {@code
 *       -Dreactor.netty.native=false};
 *   <li>with {@code -Dhotpath.enabled=false};
 *   <li>on another system than Linux, which it logs.
 * </ul>
 *
 * <p>TCP is on the ring. Datagram channels, which the resolver of names opens on the loops of its client, are Netty's NIO
 * channels on these loops: one thread more for each loop that has some, named after it, waits until they are ready. Unix
 * domain sockets need loops of reactor-netty.
 *
 * <p>Any thread. Loops begin when the first server or client needs one, on daemon threads named {@code prefix-hotpath-n}.
 */
public final class HotpathLoopResources implements LoopResources {
    private static final System.Logger LOG = System.getLogger(HotpathLoopResources.class.getName());
    private static final String ENABLED = "hotpath.enabled";

    private final LoopResources aside;
    private final HotpathEventLoopGroup loops;

    private final boolean enabled;

    /** The loops as clients see them: one that begins on a loop stays on it. Made when the first client asks, under the lock. */
    private @Nullable EventLoopGroup clientLoops;

    private HotpathLoopResources(String prefix, int count, EngineConfig config) {
        if (prefix.isEmpty()) {
            throw new IllegalArgumentException("prefix is empty");
        }
        if (count < 1) {
            throw new IllegalArgumentException("loops is " + count + ", at least 1 is needed");
        }
        enabled = enabled();
        aside = LoopResources.create(prefix, count, true);
        loops = new HotpathEventLoopGroup(count, HotpathEventLoopGroup.threads(prefix + "-hotpath", true), config);
    }

    /** As many loops as reactor-netty has by default, engines with {@link EngineConfig#DEFAULT}. */
    public static HotpathLoopResources create(String prefix) {
        return create(prefix, EngineConfig.DEFAULT);
    }

    /** {@code loops} loops, engines with {@link EngineConfig#DEFAULT}. */
    public static HotpathLoopResources create(String prefix, int loops) {
        return create(prefix, loops, EngineConfig.DEFAULT);
    }

    /** As many loops as reactor-netty has by default. */
    public static HotpathLoopResources create(String prefix, EngineConfig config) {
        return create(prefix, DEFAULT_IO_WORKER_COUNT, config);
    }

    /** {@code loops} loops, each with an engine of its own. */
    public static HotpathLoopResources create(String prefix, int loops, EngineConfig config) {
        return new HotpathLoopResources(prefix, loops, config);
    }

    private static boolean enabled() {
        if (!Boolean.parseBoolean(System.getProperty(ENABLED, "true"))) {
            LOG.log(Level.INFO, () -> "loops=reactor_netty cause=" + ENABLED + "_is_false");
            return false;
        }
        String system = System.getProperty("os.name");
        if (!system.equals("Linux")) {
            LOG.log(Level.WARNING, () -> "loops=reactor_netty cause=no_linux os=" + system);
            return false;
        }
        return true;
    }

    // ---- groups -------------------------------------------------------------------------------------------------

    @Override
    public EventLoopGroup onServer(boolean useNative) {
        return useNative && enabled ? loops : aside.onServer(useNative);
    }

    /** The loops that serve the children too: their rings accept. */
    @Override
    public EventLoopGroup onServerSelect(boolean useNative) {
        return useNative && enabled ? loops : aside.onServerSelect(useNative);
    }

    @Override
    public EventLoopGroup onClient(boolean useNative) {
        return useNative && enabled ? clientLoops() : aside.onClient(useNative);
    }

    private synchronized EventLoopGroup clientLoops() {
        EventLoopGroup made = clientLoops;
        if (made == null) {
            made = LoopResources.colocate(loops);
            clientLoops = made;
        }
        return made;
    }

    @Override
    public boolean daemon() {
        return true;
    }

    // ---- channels -----------------------------------------------------------------------------------------------

    @Override
    public <C extends Channel> C onChannel(Class<C> type, EventLoopGroup group) {
        if (!ours(group)) {
            return aside.onChannel(type, group);
        }
        Class<? extends Channel> ours = channelClass(type);
        if (ours == HotpathServerSocketChannel.class) {
            return type.cast(new HotpathServerSocketChannel());
        }
        return type.cast(ours == HotpathSocketChannel.class ? new HotpathSocketChannel() : new NioDatagramChannel());
    }

    private static Class<? extends Channel> channelClass(Class<?> type) {
        if (type == ServerSocketChannel.class) {
            return HotpathServerSocketChannel.class;
        }
        if (type == SocketChannel.class) {
            return HotpathSocketChannel.class;
        }
        if (type == DatagramChannel.class) {
            return NioDatagramChannel.class;
        }
        throw new UnsupportedOperationException("Hotpath's loops carry TCP and datagrams, not " + type.getSimpleName()
                + "; let it run on LoopResources.create(...)");
    }

    @Override
    public <C extends Channel> Class<? extends C> onChannelClass(Class<C> type, EventLoopGroup group) {
        if (!ours(group)) {
            return aside.onChannelClass(type, group);
        }
        return channelClass(type).asSubclass(type);
    }

    private boolean ours(EventLoopGroup group) {
        return switch (group) {
            case EventLoop loop -> loop.parent() == loops;
            case Supplier<?> colocated -> colocated.get() == loops;
            default -> group == loops;
        };
    }

    // ---- what it is doing ---------------------------------------------------------------------------------------

    /** The loops, also where they are switched off. */
    public HotpathEventLoopGroup loops() {
        return loops;
    }

    /** What each loop that has begun counts, in the order of the loops. */
    public List<EngineStats> stats() {
        return loops.stats();
    }

    // ---- end ----------------------------------------------------------------------------------------------------

    @Override
    public Mono<Void> disposeLater(Duration quietPeriod, Duration timeout) {
        return Mono.when(
                aside.disposeLater(quietPeriod, timeout),
                Mono.defer(() -> FutureMono.from(shutdown(quietPeriod, timeout))))
                .timeout(timeout, Mono.error(() -> new IllegalStateException("loops not disposed within " + timeout)));
    }

    @SuppressWarnings("unchecked") // Netty's future of nothing, as reactor-netty wants it
    private Future<Void> shutdown(Duration quietPeriod, Duration timeout) {
        return (Future<Void>) loops.shutdownGracefully(quietPeriod.toMillis(), timeout.toMillis(),
                TimeUnit.MILLISECONDS);
    }

    @Override
    public boolean isDisposed() {
        return loops.isShuttingDown();
    }

    @Override
    public String toString() {
        return "HotpathLoopResources{loops=" + loops.executorCount() + ", enabled=" + enabled + "}";
    }
}
