package io.hotpath.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.FileRegion;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * A file region on its way, one chunk at a time: {@code FileRegion} shows neither descriptor nor channel, so its bytes go
 * through one pooled buffer. Loop thread.
 */
final class RegionSend implements WritableByteChannel {
    private static final int CHUNK_BYTES = 128 << 10;

    private final FileRegion file;
    private final ByteBuf chunk;

    RegionSend(FileRegion file, ByteBufAllocator allocator) {
        this.file = file;
        chunk = allocator.directBuffer(Math.clamp(file.count() - file.transferred(), 1, CHUNK_BYTES));
    }

    FileRegion file() {
        return file;
    }

    /** Whether every chunk was read. */
    boolean done() {
        return file.transferred() >= file.count();
    }

    /**
     * Fills the buffer with the next bytes, once those before are sent.
     *
     * @throws IOException also if the file is shorter than the region
     */
    ByteBuf next() throws IOException {
        chunk.clear();
        while (chunk.isWritable() && !done()) {
            if (file.transferTo(this, file.transferred()) <= 0 && chunk.isWritable()) {
                throw new IOException(
                        "the file ends " + (file.count() - file.transferred()) + " bytes before its region");
            }
        }
        return chunk;
    }

    void release() {
        chunk.release();
    }

    @Override
    public int write(ByteBuffer source) {
        int count = Math.min(source.remaining(), chunk.writableBytes());
        int limit = source.limit();
        source.limit(source.position() + count);
        chunk.writeBytes(source);
        source.limit(limit);
        return count;
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public void close() {}
}
