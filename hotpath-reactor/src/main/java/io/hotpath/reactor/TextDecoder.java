package io.hotpath.reactor;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;

/** Decodes text that comes in pieces; the bytes of a split character wait for the next piece. One thread at a time. */
final class TextDecoder {
    private final CharsetDecoder decoder;
    private byte[] rest = new byte[0];

    TextDecoder(Charset charset) {
        decoder = charset.newDecoder()
                .onMalformedInput(CodingErrorAction.REPLACE)
                .onUnmappableCharacter(CodingErrorAction.REPLACE);
    }

    /** The characters that are whole by now. */
    String decode(byte[] piece) {
        ByteBuffer in = ByteBuffer.allocate(rest.length + piece.length).put(rest).put(piece).flip();
        CharBuffer out = room(in);
        decoder.decode(in, out, false);
        rest = new byte[in.remaining()];
        in.get(rest);
        return out.flip().toString();
    }

    /** What the end leaves. */
    String end() {
        ByteBuffer in = ByteBuffer.wrap(rest);
        CharBuffer out = room(in);
        decoder.decode(in, out, true);
        decoder.flush(out);
        return out.flip().toString();
    }

    private CharBuffer room(ByteBuffer in) {
        return CharBuffer.allocate((int) Math.ceil(in.remaining() * (double) decoder.maxCharsPerByte()) + 2);
    }
}
