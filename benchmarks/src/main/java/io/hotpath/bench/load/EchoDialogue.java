package io.hotpath.bench.load;

import io.hotpath.engine.Leases;
import java.lang.foreign.MemorySegment;

/** Messages of one size that come back as they are. */
final class EchoDialogue implements Dialogue {
    private final Payload payload;
    private final int messageBytes;
    private final byte[] scratch;
    private long sent;
    private long received;

    /** @param bufferBytes the most bytes that one receive brings; 0 if what comes back is counted and not compared */
    EchoDialogue(Payload payload, int messageBytes, int bufferBytes) {
        this.payload = payload;
        this.messageBytes = messageBytes;
        scratch = new byte[bufferBytes];
    }

    @Override
    public MemorySegment next(int count) {
        MemorySegment bytes = payload.slice(sent, count * messageBytes);
        sent += bytes.byteSize();
        return bytes;
    }

    @Override
    public int answered(Leases leases, long lease, int length) {
        if (scratch.length > 0) {
            leases.copy(lease, 0, scratch, 0, length);
            if (!payload.matches(received, scratch, length)) {
                throw new LoadException("the echo differs from what was sent within " + length + " bytes from byte "
                        + received + " on");
            }
        }
        long before = received / messageBytes;
        received += length;
        if (received > sent) {
            throw new LoadException("the echo has " + (received - sent) + " bytes that were not sent");
        }
        return (int) (received / messageBytes - before);
    }

    @Override
    public void restart() {
        sent = 0;
        received = 0;
    }
}
