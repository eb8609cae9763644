package io.hotpath.ring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The receive buffers of a hand-driven ring: read what a completion brought, then release. Ring thread.
 *
 * <p>A buffer is the kernel's or the caller's, never both. Reading one that is not the caller's, releasing it twice and
 * inventing an id are exceptions; a slice throws once its buffer is released, so bytes of the next client never show.
 */
public final class Buffers {
    private static final byte KERNEL = 0;
    private static final byte CALLER = 1;

    private final Owner owner;
    private final BufferPool pool;
    private final BufferRing ring;
    private final byte[] owners;
    private final int[] lengths;
    private final @Nullable Arena[] slices;
    private int callerHeld;

    Buffers(Owner owner, BufferPool pool, BufferRing ring) {
        this.owner = owner;
        this.pool = pool;
        this.ring = ring;
        owners = new byte[pool.count()];
        lengths = new int[pool.count()];
        slices = new Arena[pool.count()];
        for (int id = 0; id < pool.count(); id++) {
            ring.add(pool.address(id), pool.bufferBytes(), id);
        }
        ring.publish();
    }

    /** How many buffers there are. */
    public int count() {
        return pool.count();
    }

    /** The bytes of each. */
    public int bufferBytes() {
        return pool.bufferBytes();
    }

    /** How many are in the caller's hands. */
    public int held() {
        return callerHeld;
    }

    /** The bytes that were received into a buffer the caller holds. */
    public int length(int bufferId) {
        requireHeld(bufferId);
        return lengths[bufferId];
    }

    /** A copy of the bytes that were received. */
    public byte[] copy(int bufferId) {
        requireHeld(bufferId);
        return pool.slab().asSlice(pool.offset(bufferId), lengths[bufferId]).toArray(JAVA_BYTE);
    }

    /**
     * The received bytes in place, exactly {@code [0, length)}. Usable on this thread until the buffer is released;
     * afterwards every access throws {@link IllegalStateException}.
     */
    public MemorySegment slice(int bufferId) {
        requireHeld(bufferId);
        Arena arena = slices[bufferId];
        if (arena == null) {
            arena = Arena.ofConfined();
            slices[bufferId] = arena;
        }
        return scoped(pool.slab().asSlice(pool.offset(bufferId), lengths[bufferId]), arena);
    }

    /**
     * Gives a buffer back; the kernel may fill it again from the next submit on. If its bytes are being sent, first wait
     * for that SEND.
     *
     * @throws IllegalStateException if it was released before
     */
    public void release(int bufferId) {
        requireHeld(bufferId);
        Arena arena = slices[bufferId];
        if (arena != null) {
            slices[bufferId] = null;
            arena.close();
        }
        owners[bufferId] = KERNEL;
        callerHeld--;
        ring.add(pool.address(bufferId), pool.bufferBytes(), bufferId);
    }

    /** A completion names a buffer. Checked always: a wrong length or owner would show another client's bytes. */
    void received(int bufferId, int length) {
        if (bufferId >= owners.length || owners[bufferId] != KERNEL || length > pool.bufferBytes()) {
            throw new IllegalStateException("the kernel completed " + length + " bytes in buffer " + bufferId
                    + ", which the caller holds or which is not one of " + owners.length + " of "
                    + pool.bufferBytes() + " bytes");
        }
        ring.taken();
        owners[bufferId] = CALLER;
        lengths[bufferId] = length;
        callerHeld++;
    }

    void publish() {
        ring.publish();
    }

    /** Ends all slices and unmaps. The kernel does not write to the buffers any more. */
    void unregister() {
        ring.unregister();
        endSlices();
        pool.unmap();
    }

    /** Ends all slices; the kernel may still write, so everything stays mapped for good. Returns how many bytes. */
    long leak() {
        endSlices();
        return pool.slab().byteSize();
    }

    private void endSlices() {
        for (Arena arena : slices) {
            if (arena != null) {
                arena.close();
            }
        }
    }

    private void requireHeld(int bufferId) {
        owner.requireOpen();
        if (bufferId < 0 || bufferId >= owners.length) {
            throw new IllegalArgumentException(
                    "buffer id " + bufferId + " is foreign: this ring has buffers 0.." + (owners.length - 1));
        }
        if (owners[bufferId] != CALLER) {
            throw new IllegalStateException("buffer " + bufferId + " is the kernel's: it was released already, or no"
                    + " completion has named it; using it now would show or overwrite another client's bytes");
        }
    }

    @SuppressWarnings("restricted") // the same size and memory, only a shorter life
    private static MemorySegment scoped(MemorySegment segment, Arena arena) {
        return segment.reinterpret(arena, null);
    }
}
