package io.hotpath.netty;

import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoRegistration;

/** What a {@link HotpathIoHandler} takes: channels of this package, which the engine reports to directly. */
interface HotpathIoHandle extends IoHandle {
    @Override
    default void handle(IoRegistration registration, IoEvent event) {
        throw new UnsupportedOperationException("the engine reports to its connections, not through IoEvent");
    }

    @Override
    void close();
}
