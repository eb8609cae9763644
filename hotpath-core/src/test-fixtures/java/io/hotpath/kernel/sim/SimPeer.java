package io.hotpath.kernel.sim;

import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;

/**
 * The other end of a connection, played by the test. Every call takes effect at once in the kernel; the ring under test
 * sees it in its next turn. Bytes from the server wait here until {@link #takeReceived()}.
 */
public final class SimPeer {
    private final SimKernel kernel;
    private final Endpoint end;
    private final boolean refused;
    private int window = Integer.MAX_VALUE;
    private long receivedBefore;

    SimPeer(SimKernel kernel, Endpoint end, boolean refused) {
        this.kernel = kernel;
        this.end = end;
        this.refused = refused;
    }

    Endpoint end() {
        return end;
    }

    /** Whether nobody listened: such a peer never does anything. */
    public boolean refused() {
        return refused;
    }

    /** Sends bytes; they wait in the server's socket, however many. Without effect after a reset by the server. */
    public void send(byte... bytes) {
        if (end.finSent() && !end.wasReset()) {
            throw new IllegalStateException("this peer has finished and cannot send; " + kernel);
        }
        if (refused || end.wasReset()) {
            return;
        }
        end.write(MemorySegment.ofArray(bytes));
    }

    /** Sends the bytes of {@code text} in UTF-8. */
    public void send(String text) {
        send(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Bytes sent that the server has not received yet: what a closed receive window holds back. */
    public int unread() {
        return end.other.in.size();
    }

    /** The bytes that came and were not taken yet; looking does not open the window. */
    public byte[] received() {
        return end.in.peek();
    }

    /** Takes the bytes that came, which opens the window for more. */
    public byte[] takeReceived() {
        byte[] taken = end.in.takeAll();
        receivedBefore += taken.length;
        end.other.roomOpened();
        return taken;
    }

    /** All bytes that ever came, taken or not. */
    public long receivedCount() {
        return receivedBefore + end.in.size();
    }

    /** The server may have at most {@code bytes} here that were not taken; unlimited at first. */
    public void receiveWindow(int bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("the receive window is " + bytes + ", must not be negative");
        }
        window = bytes;
        end.window = bytes;
        end.other.roomOpened();
    }

    /** Takes nothing from the server until {@link #resume()}, whatever the window. */
    public void stall() {
        end.window = 0;
    }

    /** Ends {@link #stall()}. */
    public void resume() {
        receiveWindow(window);
    }

    /** FIN: sends no more, still receives. */
    public void finish() {
        end.finish();
    }

    /** RST: the server reads what is queued, then {@code ECONNRESET}. */
    public void reset() {
        end.reset();
    }

    /** Closes as {@code close(2)} does: a reset if bytes were not taken, else FIN and a reset for what comes later. */
    public void close() {
        end.close();
    }

    /** The server sends no more. */
    public boolean sawFin() {
        return end.finReceived();
    }

    /** The server reset the connection, refused it, or this peer reset it. */
    public boolean sawReset() {
        return end.wasReset();
    }

    /** This end's address, which the server sees as its peer. */
    public SocketAddress localAddress() {
        return end.local;
    }

    /** The server's end. */
    public SocketAddress remoteAddress() {
        return end.remote;
    }

    @Override
    public String toString() {
        return "SimPeer[" + end.local + " to " + end.remote + ", received=" + receivedCount() + ", fin=" + sawFin()
                + ", reset=" + sawReset() + ", " + kernel + "]";
    }
}
