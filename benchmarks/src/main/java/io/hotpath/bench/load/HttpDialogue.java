package io.hotpath.bench.load;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.hotpath.engine.Leases;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** HTTP/1.1 requests on a connection that stays, and complete responses. */
final class HttpDialogue implements Dialogue {
    private static final byte[] REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(US_ASCII);
    private static final byte[] BODY = "Hello, World!".getBytes(US_ASCII);

    private final MemorySegment requests;
    private final boolean verify;
    private final byte[] scratch;
    private HttpResponses responses;

    /** @param requests of {@link #requests}, shared by connections */
    HttpDialogue(MemorySegment requests, boolean verify, int bufferBytes) {
        this.requests = requests;
        this.verify = verify;
        scratch = new byte[bufferBytes];
        responses = responses();
    }

    /** As many requests as are in flight, one behind the other. */
    static MemorySegment requests(Arena arena, int inFlight) {
        MemorySegment all = arena.allocate((long) REQUEST.length * inFlight);
        for (int i = 0; i < inFlight; i++) {
            MemorySegment.copy(
                    MemorySegment.ofArray(REQUEST), 0, all, (long) i * REQUEST.length, REQUEST.length);
        }
        return all;
    }

    @Override
    public MemorySegment next(int count) {
        return requests.asSlice(0, (long) count * REQUEST.length);
    }

    @Override
    public int answered(Leases leases, long lease, int length) {
        leases.copy(lease, 0, scratch, 0, length);
        return responses.feed(scratch, length);
    }

    @Override
    public void restart() {
        responses = responses();
    }

    private HttpResponses responses() {
        return new HttpResponses(verify ? BODY : new byte[0]);
    }
}
