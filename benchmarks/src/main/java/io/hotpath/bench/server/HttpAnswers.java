package io.hotpath.bench.server;

import io.hotpath.bench.serving.HttpHeads;
import io.hotpath.bench.serving.HttpReplies;
import io.hotpath.reactor.HotpathBuffer;
import java.net.ProtocolException;
import java.util.function.BiConsumer;
import reactor.core.publisher.SynchronousSink;

/** Turns what one client sends into the answers, one buffer for all requests that end in a piece. */
final class HttpAnswers implements BiConsumer<HotpathBuffer, SynchronousSink<HotpathBuffer>> {
    private final HttpHeads heads = new HttpHeads();
    private byte[] piece = new byte[0];

    @Override
    public void accept(HotpathBuffer received, SynchronousSink<HotpathBuffer> answers) {
        int length = received.length();
        if (piece.length < length) {
            piece = new byte[length];
        }
        received.copyTo(0, piece, 0, length);
        int requests = heads.count(piece, length);
        if (requests == HttpHeads.MALFORMED) {
            answers.error(new ProtocolException("not a GET"));
        } else if (requests > 0) {
            answers.next(HotpathBuffer.wrap(HttpReplies.to(requests)));
        }
    }
}
