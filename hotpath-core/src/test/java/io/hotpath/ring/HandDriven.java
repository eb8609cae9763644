package io.hotpath.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Sockets;
import io.hotpath.kernel.linux.LinuxKernel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A ring on the kernel of this machine, a listener, and every completion so far. */
final class HandDriven implements AutoCloseable {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);

    /** A completion as it was handed over. */
    record Done(OpKind op, int fd, int result, int bufferId, boolean more) {}

    final Sockets sockets = LinuxKernel.instance().sockets();
    final List<Done> done = new ArrayList<>();
    final HotpathRing ring;
    final int listener;
    final InetSocketAddress address;

    HandDriven(RingConfig config) {
        ring = HotpathRing.open(config);
        listener = sockets.socket(Abi.AF_INET);
        assertThat(sockets.bind(listener, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))).isZero();
        assertThat(sockets.listen(listener, 128)).isZero();
        try {
            address = (InetSocketAddress) sockets.localAddress(listener);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    Socket connect() throws IOException {
        return new Socket(address.getAddress(), address.getPort());
    }

    /** Accepts one connection; the accept stays armed. */
    int accept() {
        return await(completion -> completion.op() == OpKind.ACCEPT).result();
    }

    /** Turns the ring until there is a completion like that, and takes it out of {@link #done}. */
    Done await(Predicate<Done> wanted) {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (true) {
            for (Done completion : done) {
                if (wanted.test(completion)) {
                    done.remove(completion);
                    return completion;
                }
            }
            long remaining = deadline - System.nanoTime();
            assertThat(remaining).as("patience; seen and not wanted: %s", done).isPositive();
            turn(1, remaining);
        }
    }

    Done await(OpKind op, int fd) {
        return await(completion -> completion.op() == op && completion.fd() == fd);
    }

    int turn(int minComplete, long timeoutNanos) {
        return ring.eachCompletion(
                minComplete,
                timeoutNanos,
                (op, fd, result, bufferId, more) -> done.add(new Done(op, fd, result, bufferId, more)));
    }

    @Override
    public void close() {
        ring.close();
        sockets.close(listener);
    }
}
