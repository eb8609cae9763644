package io.hotpath.samples.filedrop;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** A file that grows under another name until it is whole. Every method blocks; one at a time. */
final class Upload {
    private final Path partial;
    private final OutputStream file;
    private final MessageDigest digest;
    private long length;

    private Upload(Path partial, OutputStream file, MessageDigest digest) {
        this.partial = partial;
        this.file = file;
        this.digest = digest;
    }

    static Upload begin(Path directory) throws IOException, NoSuchAlgorithmException {
        Path partial = Files.createTempFile(directory, "upload-", ".part");
        return new Upload(partial, Files.newOutputStream(partial), MessageDigest.getInstance("SHA-256"));
    }

    void write(byte[] bytes) {
        try {
            file.write(bytes);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        digest.update(bytes);
        length += bytes.length;
    }

    /** Returns what the uploader is told: {@code upload-42.bin 1000 bytes, sha256 ...}. */
    String finish() throws IOException {
        file.close();
        String name = partial.getFileName().toString().replace(".part", ".bin");
        Files.move(partial, partial.resolveSibling(name));
        return name + " " + length + " bytes, sha256 " + HexFormat.of().formatHex(digest.digest()) + "\n";
    }

    void discard() {
        try {
            file.close();
            Files.deleteIfExists(partial);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
