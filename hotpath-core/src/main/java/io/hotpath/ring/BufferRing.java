package io.hotpath.ring;

import static io.hotpath.kernel.Abi.BUF_ADDR;
import static io.hotpath.kernel.Abi.BUF_BID;
import static io.hotpath.kernel.Abi.BUF_BYTES;
import static io.hotpath.kernel.Abi.BUF_LEN;
import static io.hotpath.kernel.Abi.BUF_RING_TAIL;
import static io.hotpath.kernel.Abi.TAIL;
import static io.hotpath.kernel.Abi.U16;
import static io.hotpath.kernel.Abi.U32;
import static io.hotpath.kernel.Abi.U64;

import io.hotpath.EngineException;
import io.hotpath.Errno;
import io.hotpath.kernel.Kernel;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The ring of empty buffers that one buffer group of a ring takes from. {@link #add} as often as needed, then {@link
 * #publish} once.
 *
 * <p>The kernel does not check how far the tail runs ahead of its head: whoever adds a buffer twice hands one memory to two
 * connections. The callers keep an owner per buffer for that reason, and {@link #publish} asserts the sum. Ring thread.
 *
 * @see <a href="https://man7.org/linux/man-pages/man3/io_uring_setup_buf_ring.3.html">io_uring_setup_buf_ring(3)</a>
 */
public final class BufferRing {
    /** The kernel's limit: buffer ids are 16 bits and the ring is a power of two below that. */
    public static final int ENTRIES_MAX = 32768;

    private final Ring ring;
    private final Kernel kernel;
    private final MemorySegment entries;
    private final int group;
    private final int mask;
    private int tail;
    private int published;
    private int kernelHeld;

    /** By buffer id: the buffer that was added behind it. */
    private int[] following;

    private int lastAdded;

    private BufferRing(Ring ring, MemorySegment entries, int count, int group) {
        this.ring = ring;
        this.kernel = ring.kernelRing().kernel();
        this.entries = entries;
        this.group = group;
        this.mask = count - 1;
        following = new int[count];
    }

    /**
     * Registers an empty buffer ring of {@code count} entries as {@code group} of {@code ring}.
     *
     * @param count a power of two, {@code 1..ENTRIES_MAX}
     * @throws EngineException if the kernel refuses
     */
    public static BufferRing register(Ring ring, int count, int group) {
        requireCount(count);
        Kernel kernel = ring.kernelRing().kernel();
        MemorySegment entries = kernel.mapMemory(count * BUF_BYTES);
        int result = ring.kernelRing().registerBufferRing(entries, count, group);
        if (result < 0) {
            kernel.unmapMemory(entries);
            throw new EngineException(
                    "registering a buffer ring of " + count + " entries", -result, remedy(-result, group));
        }
        return new BufferRing(ring, entries, count, group);
    }

    private static String remedy(int errno, int group) {
        return switch (errno) {
            case Errno.EINVAL -> "Linux 5.19 or newer is needed";
            case Errno.EEXIST -> "buffer group " + group + " of this ring is in use already";
            case Errno.ENOMEM -> "use fewer buffers, or raise ulimit -l or the memory limit of the container";
            default -> "a seccomp profile or a security module must permit io_uring_register (427)";
        };
    }

    static void requireCount(int count) {
        if (count < 1 || count > ENTRIES_MAX || Integer.bitCount(count) != 1) {
            throw new IllegalArgumentException("buffer count is " + count + ", must be a power of two from 1 to "
                    + ENTRIES_MAX + ": the kernel masks a 16-bit tail");
        }
    }

    /** Writes one more empty buffer behind the tail; the kernel does not see it before {@link #publish}. */
    public void add(long address, int length, int bufferId) {
        // field by field: the reserved half-word of entry 0 is the tail itself
        long at = (tail & mask) * BUF_BYTES;
        entries.set(U64, at + BUF_ADDR, address);
        entries.set(U32, at + BUF_LEN, length);
        entries.set(U16, at + BUF_BID, (short) bufferId);
        tail++;
        follow(bufferId);
    }

    private void follow(int bufferId) {
        int needed = Math.max(bufferId, lastAdded) + 1;
        if (needed > following.length) {
            following = Arrays.copyOf(following, Math.max(needed, 2 * following.length));
        }
        following[lastAdded] = bufferId;
        lastAdded = bufferId;
    }

    /**
     * The buffer that was added right after {@code bufferId}: where a bundle goes on. Asked for before {@code bufferId} is added
     * again.
     */
    public int following(int bufferId) {
        return following[bufferId];
    }

    /** Makes the added buffers visible to the kernel with one store-release of the tail, a u16 that wraps. */
    public void publish() {
        if (tail != published) {
            kernelHeld += tail - published;
            assert kernelHeld <= mask + 1 : "buffer ring " + group + " holds " + kernelHeld + " of " + (mask + 1);
            published = tail;
            TAIL.setRelease(entries, BUF_RING_TAIL, (short) tail); // pairs with the kernel's load-acquire of the tail
        }
    }

    /** A completion has named one of its buffers. */
    public void taken() {
        kernelHeld--;
        assert kernelHeld >= 0 : "buffer ring " + group + " gave more buffers than it held";
    }

    /** Published buffers that no completion has named yet. */
    public int kernelHeld() {
        return kernelHeld;
    }

    /** Buffers that the kernel can take once the next {@link #publish} is done. */
    public int available() {
        return kernelHeld + (tail - published);
    }

    /** Whether every buffer that the kernel took has been named by a completion; false also if it cannot tell. */
    public boolean headAgrees() {
        int head = ring.kernelRing().bufferRingHead(group);
        return head >= 0 && (short) head == (short) (published - kernelHeld);
    }

    public int group() {
        return group;
    }

    /** The ring is closed, and the group with it: frees the entries. */
    public void forget() {
        kernel.unmapMemory(entries);
    }

    /** Takes the group away from the kernel and frees the entries, not the buffers. All receives have ended. */
    public void unregister() {
        ring.kernelRing().unregisterBufferRing(group);
        kernel.unmapMemory(entries);
    }
}
