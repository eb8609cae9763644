package io.hotpath.engine;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** A client with a real socket, non-blocking, so that the test's own thread can turn the engine between its steps. */
final class SocketClient implements Client {
    private final SocketChannel channel;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private final ByteBuffer in = ByteBuffer.allocate(1 << 16);
    private ByteBuffer out = ByteBuffer.allocate(0);
    private boolean finishing;
    private boolean finished;
    private boolean stalled;
    private boolean fin;
    private boolean reset;

    private SocketClient(SocketChannel channel) {
        this.channel = channel;
    }

    /** @param receiveBytes of its socket's receive buffer, 0 leaves the host's default */
    static SocketClient connect(SocketAddress address, int receiveBytes) {
        try {
            SocketChannel channel = SocketChannel.open();
            if (receiveBytes > 0) {
                channel.setOption(StandardSocketOptions.SO_RCVBUF, receiveBytes);
            }
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.connect(address);
            channel.configureBlocking(false);
            return new SocketClient(channel);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    void pump() {
        if (!channel.isOpen() || reset) {
            return;
        }
        try {
            if (out.hasRemaining()) {
                channel.write(out);
            }
            if (finishing && !finished && !out.hasRemaining()) {
                finished = true;
                channel.shutdownOutput();
            }
            for (int count = stalled || fin ? 0 : channel.read(in); count != 0; count = channel.read(in)) {
                if (count < 0) {
                    fin = true;
                    return;
                }
                received.write(in.array(), 0, in.position());
                in.clear();
            }
        } catch (IOException ended) {
            reset = true;
        }
    }

    @Override
    public void send(byte... bytes) {
        ByteBuffer more = ByteBuffer.allocate(out.remaining() + bytes.length);
        out = more.put(out).put(bytes).flip();
        pump();
    }

    @Override
    public byte[] received() {
        pump();
        return received.toByteArray();
    }

    @Override
    public long receivedCount() {
        return received.size();
    }

    @Override
    public void stall() {
        stalled = true;
    }

    @Override
    public void resume() {
        stalled = false;
    }

    @Override
    public void finish() {
        finishing = true;
        pump();
    }

    @Override
    public void reset() {
        try {
            channel.setOption(StandardSocketOptions.SO_LINGER, 0);
            channel.close();
            reset = true;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    void close() {
        try {
            channel.close();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public boolean sawFin() {
        return fin;
    }

    @Override
    public boolean sawReset() {
        return reset;
    }
}
