package io.hotpath.kernel.conformance;

import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.libc.FdLimit;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/** A kernel of this machine; peers are channels of the JDK on loopback. */
final class RealWorld implements World {
    private static final int BUFFER_BYTES = 16 * 1024;

    private final Kernel kernel;
    private final List<AutoCloseable> open = new ArrayList<>();

    RealWorld(Kernel kernel) {
        this.kernel = kernel;
    }

    @Override
    public Kernel kernel() {
        return kernel;
    }

    @Override
    public Peer connect(SocketAddress address) {
        try {
            SocketChannel channel = SocketChannel.open();
            channel.setOption(StandardSocketOptions.SO_RCVBUF, BUFFER_BYTES);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.connect(address);
            return peer(channel);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public PeerListener listen() {
        try {
            ServerSocketChannel channel = ServerSocketChannel.open();
            channel.setOption(StandardSocketOptions.SO_RCVBUF, BUFFER_BYTES);
            channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1);
            open.add(channel);
            return new RealListener(channel);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public AutoCloseable descriptorsLeft(int free) {
        return FdLimit.leaving(free);
    }

    @Override
    public void close() {
        for (AutoCloseable closeable : open) {
            try {
                closeable.close();
            } catch (Exception failed) {
                throw new AssertionError(failed);
            }
        }
    }

    private Peer peer(SocketChannel channel) throws IOException {
        channel.configureBlocking(false);
        open.add(channel);
        return new RealPeer(channel);
    }

    private final class RealListener implements PeerListener {
        private final ServerSocketChannel channel;
        private final List<SocketChannel> fillers = new ArrayList<>();

        RealListener(ServerSocketChannel channel) {
            this.channel = channel;
        }

        @Override
        public SocketAddress address() {
            return call(channel::getLocalAddress);
        }

        @Override
        public Peer accept() {
            return call(() -> peer(channel.accept()));
        }

        /** A full backlog drops whoever comes. */
        @Override
        public void silence() {
            call(() -> {
                boolean connected = true;
                while (connected) {
                    SocketChannel filler = SocketChannel.open();
                    fillers.add(filler);
                    open.add(filler);
                    filler.configureBlocking(false);
                    filler.connect(address());
                    connected = false;
                    for (int i = 0; i < 20 && !connected; i++) {
                        connected = filler.finishConnect();
                        Thread.onSpinWait();
                    }
                }
                return null;
            });
        }

        @Override
        public void answer() {
            call(() -> {
                for (SocketChannel filler : fillers) {
                    filler.close();
                }
                channel.configureBlocking(false);
                for (SocketChannel dead = channel.accept(); dead != null; dead = channel.accept()) {
                    dead.close();
                }
                channel.configureBlocking(true);
                return null;
            });
        }

        @Override
        public void close() {
            call(() -> {
                channel.close();
                return null;
            });
        }
    }

    private static final class RealPeer implements Peer {
        private final SocketChannel channel;
        private final ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
        private boolean end;
        private boolean reset;

        RealPeer(SocketChannel channel) {
            this.channel = channel;
        }

        @Override
        public void send(byte[] bytes) {
            call(() -> {
                ByteBuffer rest = ByteBuffer.wrap(bytes);
                while (rest.hasRemaining() && !reset) {
                    channel.write(rest);
                }
                return null;
            });
        }

        @Override
        public byte[] read() {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            try {
                int count = 1;
                while (count > 0) {
                    count = channel.read(buffer.clear());
                    all.write(buffer.array(), 0, Math.max(count, 0));
                }
                end |= count < 0;
            } catch (IOException broken) {
                reset = true;
            }
            return all.toByteArray();
        }

        @Override
        public void finish() {
            call(channel::shutdownOutput);
        }

        @Override
        public void reset() {
            call(() -> {
                channel.setOption(StandardSocketOptions.SO_LINGER, 0);
                channel.close();
                return null;
            });
        }

        @Override
        public boolean sawEnd() {
            return end;
        }

        @Override
        public boolean sawReset() {
            return reset;
        }

        @Override
        public void close() {
            call(() -> {
                channel.close();
                return null;
            });
        }
    }

    private interface Call<T> {
        T call() throws IOException;
    }

    private static <T> T call(Call<T> call) {
        try {
            return call.call();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
