package io.hotpath.samples.webflux;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;

/** Length and checksum of what passes by. */
final class Sha256 {
    private final MessageDigest digest;
    private long bytes;

    Sha256() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException every) {
            throw new AssertionError("every JDK has SHA-256", every);
        }
    }

    /** The buffer is released. */
    void take(DataBuffer buffer) {
        try (DataBuffer.ByteBufferIterator pieces = buffer.readableByteBuffers()) {
            bytes += buffer.readableByteCount();
            pieces.forEachRemaining(digest::update);
        } finally {
            DataBufferUtils.release(buffer);
        }
    }

    long bytes() {
        return bytes;
    }

    String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
