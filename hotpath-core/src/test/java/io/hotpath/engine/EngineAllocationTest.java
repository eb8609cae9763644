package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.Socket;
import org.junit.jupiter.api.Test;

/**
 * Ring and engine make no garbage per round trip, once compiled. What a downcall captures is a few objects until the JIT has
 * seen through it, which on a busy machine takes longer than any fixed warm-up; so windows are measured until one has none.
 */
class EngineAllocationTest {
    private static final int WINDOWS_MAX = 15;
    private static final int ROUND_TRIPS = 100_000;
    private static final int BYTES = 64;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    void allocatesAtMostOneBytePerRoundTripOnTheLoopThread() throws IOException {
        try (Looped looped = new Looped(EngineConfig.DEFAULT, Looped.echo()); Socket client = looped.connect()) {
            long allocated = Long.MAX_VALUE;
            for (int window = 0; window < WINDOWS_MAX && allocated > ROUND_TRIPS; window++) {
                long before = threads.getThreadAllocatedBytes(looped.thread.threadId());
                roundTrips(client, ROUND_TRIPS);
                allocated = threads.getThreadAllocatedBytes(looped.thread.threadId()) - before;
            }
            assertThat(allocated).as("bytes allocated by %s round trips", ROUND_TRIPS).isLessThanOrEqualTo(ROUND_TRIPS);
        }
    }

    private static void roundTrips(Socket client, int count) throws IOException {
        OutputStream out = client.getOutputStream();
        InputStream in = client.getInputStream();
        byte[] bytes = new byte[BYTES];
        for (int i = 0; i < count; i++) {
            bytes[i % BYTES]++;
            out.write(bytes);
            byte[] back = in.readNBytes(BYTES);
            assertThat(back[i % BYTES]).isEqualTo(bytes[i % BYTES]);
        }
    }
}
