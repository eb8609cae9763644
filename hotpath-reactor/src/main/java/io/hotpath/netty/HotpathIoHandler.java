package io.hotpath.netty;

import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.Limits;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.nio.NioIoHandle;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Turns one engine on a Netty event loop. {@link HotpathEventLoopGroup} makes one for each of its loops; use {@link
 * #newFactory} with a group of your own, or with {@code SingleThreadIoEventLoop}.
 */
public final class HotpathIoHandler implements IoHandler {
    /** How long a loop that shuts down waits for its channels to close before it resets them. */
    private static final long SHUTDOWN_NANOS = 200_000_000;

    private static final long SHUTDOWN_STEP_NANOS = 5_000_000;

    private final ThreadAwareExecutor executor;
    private final EngineConfig config;
    private final Set<Registration> registrations = new LinkedHashSet<>();
    private final List<TurnEnd> touched = new ArrayList<>();
    private final List<StreamOutput> marked = new ArrayList<>();
    private final Gathering gathering;

    /** Written by the loop thread when it begins, read by any thread that wakes it or binds for it. */
    private volatile @Nullable Engine engine;

    /** Why there is no engine. Written by the loop thread, read by any. */
    private volatile @Nullable RuntimeException refusal;

    /** Made for the first datagram channel. */
    private @Nullable NioGuests guests;

    private boolean closing;
    private int handled;

    private HotpathIoHandler(ThreadAwareExecutor executor, EngineConfig config) {
        this.executor = executor;
        this.config = config;
        gathering = new Gathering(config);
    }

    /** Handlers with {@link EngineConfig#DEFAULT}, as {@link #newFactory(EngineConfig)} adapts it. */
    public static IoHandlerFactory newFactory() {
        return newFactory(EngineConfig.DEFAULT);
    }

    /**
     * Handlers whose engines have {@code config}, but for what Netty decides itself: how much may wait to be sent (water
     * marks), and that a close does not wait for the peer's end. Its {@link EngineConfig#limits} are off: deadlines of a
     * channel are handlers of its pipeline, such as Netty's {@code IdleStateHandler}, {@code ReadTimeoutHandler} and {@code
     * WriteTimeoutHandler}.
     */
    public static IoHandlerFactory newFactory(EngineConfig config) {
        EngineConfig adapted = config.withOutbound(Integer.MAX_VALUE, Long.MAX_VALUE)
                .withCloseTimeout(config.closeTimeout(), Duration.ZERO)
                .withLimits(Limits.OFF);
        return executor -> new HotpathIoHandler(executor, adapted);
    }

    // ---- Netty's side -------------------------------------------------------------------------------------------

    @Override
    public void initialize() {
        try {
            Engine opened = Engine.open(config);
            opened.beforeSend(this::beforeSend);
            opened.ownsThread(); // the loop's other tasks are handlers too
            engine = opened;
        } catch (RuntimeException refused) {
            refusal = refused;
            throw refused;
        }
    }

    @Override
    public int run(IoHandlerContext context) {
        handled = 0;
        engine().run(timeoutNanos(context));
        endDrain();
        return handled;
    }

    private static long timeoutNanos(IoHandlerContext context) {
        if (!context.canBlock()) {
            return 0;
        }
        return context.deadlineNanos() == -1 ? -1 : Math.max(context.delayNanos(System.nanoTime()), 0);
    }

    @Override
    public void wakeup() {
        Engine open = engine;
        if (open != null && !executor.isExecutorThread(Thread.currentThread())) {
            open.wakeup(); // a loop that has not opened its engine looks at its tasks before it waits
        }
    }

    @Override
    public void prepareToDestroy() {
        for (Registration each : List.copyOf(registrations)) {
            each.handle.close();
        }
        NioGuests datagrams = guests;
        if (datagrams != null) {
            datagrams.closeChannels();
        }
        if (closing) {
            return;
        }
        closing = true;
        long end = System.nanoTime() + SHUTDOWN_NANOS;
        while (engine().connections() > 0 && System.nanoTime() - end < 0) {
            engine().run(SHUTDOWN_STEP_NANOS);
            endDrain();
        }
    }

    @Override
    public void destroy() {
        Engine open = engine;
        if (open != null) {
            open.close();
            endDrain();
        }
        NioGuests datagrams = guests;
        if (datagrams != null) {
            datagrams.close();
        }
    }

    @Override
    public IoRegistration register(IoHandle handle) {
        RuntimeException refused = refusal;
        if (refused != null) {
            throw refused;
        }
        return switch (handle) {
            case HotpathIoHandle ours -> join(ours);
            case NioIoHandle guest -> guests().register(guest);
            default -> throw new IllegalArgumentException(
                    handle.getClass().getName() + " is not a channel of io.hotpath.netty");
        };
    }

    private Registration join(HotpathIoHandle channel) {
        Registration registration = new Registration(channel);
        registrations.add(registration);
        channel.registered();
        return registration;
    }

    private NioGuests guests() {
        NioGuests made = guests;
        if (made == null) {
            made = new NioGuests(executor);
            guests = made;
        }
        return made;
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return HotpathIoHandle.class.isAssignableFrom(handleType) || NioIoHandle.class.isAssignableFrom(handleType);
    }

    // ---- the channels' side -------------------------------------------------------------------------------------

    /** The engine; loop thread, or any thread once {@link #opened} was true. */
    Engine engine() {
        RuntimeException refused = refusal;
        if (refused != null) {
            throw refused;
        }
        return Objects.requireNonNull(engine, "the loop has not begun");
    }

    /** Whether its loop has begun. Any thread. */
    boolean opened() {
        return engine != null;
    }

    /** Its event loop. Any thread. */
    IoEventLoop loop() {
        return (IoEventLoop) executor;
    }

    /** Where the loop's channels gather what they receive. */
    Gathering gathering() {
        return gathering;
    }

    /** Calls {@code drained} when the present drain of completions is over. Once per drain and caller. */
    void touched(TurnEnd who) {
        touched.add(who);
        handled++;
    }

    /** Hands over to the engine what {@code output} has flushed, right before the next sends. Once until then. */
    void marked(StreamOutput output) {
        marked.add(output);
    }

    private void beforeSend() {
        endDrain(); // what was parked has been delivered before the loop waits
        for (int i = 0; i < marked.size(); i++) {
            marked.get(i).sendMarked();
        }
        marked.clear();
    }

    private void endDrain() {
        for (int i = 0; i < touched.size(); i++) {
            touched.get(i).drained();
        }
        touched.clear();
    }

    /** One channel on this loop. */
    private final class Registration implements IoRegistration {
        private final HotpathIoHandle handle;
        private boolean valid = true;

        Registration(HotpathIoHandle handle) {
            this.handle = handle;
        }

        @Override
        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // as the interface wants it: the channel knows what it asks for
        public <T> T attachment() {
            return (T) HotpathIoHandler.this;
        }

        @Override
        public long submit(IoOps ops) {
            throw new UnsupportedOperationException("channels call the engine, not through IoOps");
        }

        @Override
        public boolean isValid() {
            return valid;
        }

        @Override
        public boolean cancel() {
            if (!valid) {
                return false;
            }
            valid = false;
            registrations.remove(this);
            handle.unregistered();
            return true;
        }
    }
}
