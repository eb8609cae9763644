package io.hotpath.netty;

import io.netty.channel.AbstractChannel;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** How channels of this package join a loop and leave it. */
abstract class AbstractHotpathChannel extends AbstractChannel {
    private @Nullable IoRegistration registration;

    /** Set by the loop thread when the channel is registered. */
    private volatile @Nullable HotpathIoHandler handler;

    AbstractHotpathChannel(@Nullable Channel parent) {
        super(parent);
    }

    /** What to do on the loop before the registration succeeds; completes {@code promise}. */
    abstract void registered(HotpathIoHandler on, ChannelPromise promise);

    /** The handler of its loop. */
    final HotpathIoHandler handler() {
        return Objects.requireNonNull(handler, "not registered");
    }

    final boolean hasHandler() {
        return handler != null;
    }

    @Override
    protected final boolean isCompatible(EventLoop loop) {
        return loop instanceof IoEventLoop io && io.isCompatible(HotpathIoHandle.class);
    }

    @Override
    protected final void doRegister(ChannelPromise promise) {
        IoEventLoop loop = (IoEventLoop) eventLoop();
        loop.register((HotpathIoHandle) unsafe()).addListener(future -> {
            if (future.isSuccess()) {
                // what the future holds keeps the loop's count: it is this that must be cancelled
                IoRegistration joined = (IoRegistration) future.getNow();
                HotpathIoHandler on = joined.attachment();
                registration = joined;
                handler = on;
                registered(on, promise);
            } else {
                promise.setFailure(future.cause());
            }
        });
    }

    @Override
    protected final void doDeregister() {
        IoRegistration joined = registration;
        registration = null;
        if (joined != null) {
            joined.cancel();
        }
    }
}
