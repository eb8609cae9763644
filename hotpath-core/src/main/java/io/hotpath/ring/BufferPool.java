package io.hotpath.ring;

import io.hotpath.kernel.Kernel;
import java.lang.foreign.MemorySegment;

/**
 * A slab of {@code count} payload buffers of {@code bufferBytes} each, in global-scope memory whose life its owner ends.
 * It outlives rings. Holds no state about who owns which buffer.
 */
public final class BufferPool {
    private final Kernel kernel;
    private final MemorySegment slab;
    private final int count;
    private final int bufferBytes;

    private BufferPool(Kernel kernel, MemorySegment slab, int count, int bufferBytes) {
        this.kernel = kernel;
        this.slab = slab;
        this.count = count;
        this.bufferBytes = bufferBytes;
    }

    /**
     * Maps zeroed memory for {@code count} buffers.
     *
     * @throws io.hotpath.EngineException if the host has not that much memory
     */
    public static BufferPool map(Kernel kernel, int count, int bufferBytes) {
        return new BufferPool(kernel, kernel.mapMemory((long) count * bufferBytes), count, bufferBytes);
    }

    public int count() {
        return count;
    }

    public int bufferBytes() {
        return bufferBytes;
    }

    /** All buffers, one after the other. */
    public MemorySegment slab() {
        return slab;
    }

    /** Where buffer {@code bufferId} begins in the slab. */
    public long offset(int bufferId) {
        return (long) bufferId * bufferBytes;
    }

    /** The native address of buffer {@code bufferId}. */
    public long address(int bufferId) {
        return slab.address() + offset(bufferId);
    }

    /** Gives the memory back to the host; nobody, the kernel included, may touch it afterwards. */
    public void unmap() {
        kernel.unmapMemory(slab);
    }
}
