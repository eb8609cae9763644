package io.hotpath.snippets;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.hotpath.reactor.Frames;
import io.hotpath.reactor.HotpathInbound;
import io.hotpath.reactor.HotpathOutbound;
import org.reactivestreams.Publisher;

/** What the Javadoc of the framing operators shows. */
final class FrameSnippets {
    private static final byte[] CRLF = {'\r', '\n'};

    Publisher<Void> lines(HotpathInbound in, HotpathOutbound out) {
        // @start region="lines"
        return out.sendString(in.receive()
                .transform(Frames.delimited(CRLF, 1024))
                .map(line -> "you said " + new String(line, US_ASCII) + "\r\n"));
        // @end
    }
}
