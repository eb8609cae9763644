package io.hotpath.reactor;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Schedulers;

/**
 * Part of a file as buffers, read where blocking is allowed and only as far as there is demand. Each subscriber opens the file
 * for itself; it is closed at the end, at a failure and when nobody wants more.
 */
final class FileChunks implements Callable<SeekableByteChannel> {
    private static final int CHUNK_BYTES = 32 << 10;

    private final Path path;
    private final long offset;
    private final long count;

    // one thread at a time, in the order of the demand
    private long sent;

    /** Set by whoever cancels; the reader is interrupted after that, and looks then. */
    private volatile boolean cancelled;

    private FileChunks(Path path, long offset, long count) {
        this.path = path;
        this.offset = offset;
        this.count = count;
    }

    static Flux<HotpathBuffer> read(Path path, long offset, long count) {
        if (offset < 0 || count < 0) {
            throw new IllegalArgumentException(
                    "offset is " + offset + " and count " + count + ", neither may be negative");
        }
        return Flux.defer(() -> new FileChunks(path, offset, count).flux());
    }

    private Flux<HotpathBuffer> flux() {
        return Flux.generate(this, this::next, FileChunks::close)
                .subscribeOn(Schedulers.boundedElastic())
                .doOnCancel(() -> cancelled = true);
    }

    @Override
    public SeekableByteChannel call() throws IOException {
        SeekableByteChannel file = Files.newByteChannel(path);
        try {
            long bytes = file.size();
            if (offset > bytes || count > bytes - offset) {
                throw new EOFException(path + " has " + bytes + " bytes, not " + count + " from " + offset + " on");
            }
            file.position(offset);
            return file;
        } catch (IOException | RuntimeException failed) {
            file.close();
            throw failed;
        }
    }

    private SeekableByteChannel next(SeekableByteChannel file, SynchronousSink<HotpathBuffer> sink) {
        try {
            if (sent == count) {
                sink.complete();
            } else {
                sink.next(HotpathBuffer.wrap(chunk(file)));
            }
        } catch (ClosedByInterruptException interrupted) {
            if (cancelled) {
                sink.complete(); // to nobody
            } else {
                sink.error(interrupted);
            }
        } catch (IOException failed) {
            sink.error(failed);
        }
        return file;
    }

    private byte[] chunk(SeekableByteChannel file) throws IOException {
        byte[] bytes = new byte[(int) Math.min(CHUNK_BYTES, count - sent)];
        int read = file.read(ByteBuffer.wrap(bytes));
        if (read <= 0) {
            throw new EOFException(path + " became shorter while it was sent: " + sent + " of " + count + " bytes");
        }
        sent += read;
        return read == bytes.length ? bytes : Arrays.copyOf(bytes, read);
    }

    private static void close(SeekableByteChannel file) {
        try {
            file.close();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed); // Reactor logs it; nothing was written, so nothing is lost
        }
    }
}
