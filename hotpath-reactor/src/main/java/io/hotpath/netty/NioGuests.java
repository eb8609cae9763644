package io.hotpath.netty;

import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.nio.NioIoEvent;
import io.netty.channel.nio.NioIoHandle;
import io.netty.channel.nio.NioIoOps;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;

/**
 * Netty's NIO channels on one of these loops, for what the ring does not carry yet: datagrams. A selector on a daemon thread of
 * its own says when one is ready; the loop does the work. Reactor-netty's resolver of names needs it: it puts its sockets on the
 * loop of the client that asks.
 *
 * <p>A channel that was reported is not watched until the loop has seen to it.
 */
final class NioGuests implements AutoCloseable {
    private final ThreadAwareExecutor loop;
    private final Selector selector;

    /** The loop's. */
    private final Set<Guest> guests = new LinkedHashSet<>();

    /** Opens the selector and starts its thread. */
    NioGuests(ThreadAwareExecutor loop) {
        this.loop = loop;
        try {
            selector = Selector.open();
        } catch (IOException noDescriptor) {
            throw new UncheckedIOException(noDescriptor);
        }
        Thread.ofPlatform().daemon().name(Thread.currentThread().getName() + "-datagrams").start(this::watch);
    }

    /**
     * Watches {@code guest} from now on. Loop thread.
     *
     * @throws IllegalArgumentException if it is not a datagram channel: TCP belongs on the ring
     */
    IoRegistration register(NioIoHandle guest) {
        SelectableChannel channel = guest.selectableChannel();
        if (!(channel instanceof java.nio.channels.DatagramChannel)) {
            throw new IllegalArgumentException(
                    channel + " is not a datagram channel; use HotpathSocketChannel and HotpathServerSocketChannel");
        }
        try {
            Guest registered = new Guest(guest);
            guests.add(registered);
            guest.registered();
            return registered;
        } catch (IOException closedByNow) {
            throw new UncheckedIOException(closedByNow);
        }
    }

    private void watch() {
        try (selector) {
            while (selector.isOpen()) {
                selector.select(key -> ((Guest) key.attachment()).ready());
            }
        } catch (ClosedSelectorException ended) {
            // by close()
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /** Closes every channel. Loop thread. */
    void closeChannels() {
        for (Guest each : List.copyOf(guests)) {
            try {
                each.handle.close();
            } catch (Exception unclosed) {
                throw new IllegalStateException(unclosed);
            }
        }
    }

    /** Closes every channel and ends the selector's thread. Loop thread. */
    @Override
    public void close() {
        closeChannels();
        try {
            selector.close();
        } catch (IOException unclosed) {
            throw new UncheckedIOException(unclosed);
        }
    }

    /** One channel. */
    private final class Guest implements IoRegistration {
        private final NioIoHandle handle;
        private final SelectionKey key;

        Guest(NioIoHandle handle) throws IOException {
            this.handle = handle;
            key = handle.selectableChannel().register(selector, 0, this);
        }

        /** The selector's thread. */
        private void ready() {
            try {
                NioIoOps ready = NioIoOps.valueOf(key.readyOps());
                key.interestOpsAnd(~ready.value());
                loop.execute(() -> handle(() -> ready));
            } catch (CancelledKeyException | RejectedExecutionException ended) {
                // closed by now: nobody waits for it
            }
        }

        private void handle(NioIoEvent event) {
            if (isValid()) {
                handle.handle(this, event);
            }
        }

        @Override
        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // as the interface wants it: NIO channels ask for their key
        public <T> T attachment() {
            return (T) key;
        }

        @Override
        public long submit(IoOps ops) {
            int wanted = ((NioIoOps) ops).value();
            key.interestOps(wanted);
            selector.wakeup(); // it looks at a changed interest when it begins to wait
            return wanted;
        }

        @Override
        public boolean isValid() {
            return key.isValid();
        }

        @Override
        public boolean cancel() {
            if (!key.isValid()) {
                return false;
            }
            key.cancel();
            selector.wakeup(); // which gives the descriptor back
            guests.remove(this);
            handle.unregistered();
            return true;
        }
    }
}
