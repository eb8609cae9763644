package io.hotpath.engine;

import static io.hotpath.engine.BufferOwners.ENGINE;
import static io.hotpath.engine.BufferOwners.FREE;
import static io.hotpath.engine.BufferOwners.KERNEL;
import static io.hotpath.engine.BufferOwners.buffer;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.hotpath.kernel.Kernel;
import io.hotpath.ring.BufferPool;
import io.hotpath.ring.Ring;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Who owns each buffer of an engine. Three kinds of buffer lie in one slab: {@code [0, main)} are in the main group,
 * {@code [main, main + reserve)} in the reserve group, the rest are copy buffers that the kernel never receives into: bytes
 * are moved there when ring buffers are short, and what callers send from the heap is gathered there. Untouched copy
 * buffers cost no memory.
 *
 * <p>A lease is a {@code long} that names a buffer as it was when it was lent. Once it was released or sent it never matches
 * again, whatever the buffer holds by then. {@link #release} and the readers are for any thread; everything else is for the loop thread.
 */
public final class Leases {
    private static final int NONE = -1;

    private final Engine engine;
    private final BufferPool pool;
    private final MemorySegment slab;
    private final int bufferBytes;
    private final int ringCount;

    private final BufferOwners owners;
    private final int[] lengths;
    private final @Nullable Connection[] holders;

    /** Links the free copy buffers, a connection's parked buffers, or the stack of returned ones: a buffer is in one. */
    private final int[] next;

    private final BufferGroups groups;
    private final CopyBuffers copies;
    private final ReturnedBuffers returned;

    /** Set once by the loop thread when it will never drain again; releasing threads then settle themselves. */
    private volatile boolean orphaned;

    private int applicationHeld;
    private boolean kernelMayWrite;

    Leases(Engine engine, Kernel kernel, EngineConfig config) {
        this.engine = engine;
        bufferBytes = config.bufferBytes();
        ringCount = config.buffers() + config.reserveBuffers();
        int count = ringCount + config.copyBuffers();
        pool = BufferPool.map(kernel, count, bufferBytes);
        slab = pool.slab();
        owners = new BufferOwners(count);
        lengths = new int[count];
        holders = new Connection[count];
        next = new int[count];
        groups = new BufferGroups(pool, config.buffers(), config.reserveBuffers());
        copies = new CopyBuffers(next, ringCount);
        returned = new ReturnedBuffers(next);
    }

    // ---- any thread ---------------------------------------------------------------------------------------------

    /** The bytes of a lease. */
    public int length(long lease) {
        int length = lengths[check(lease)];
        checkAgain(lease);
        return length;
    }

    /** The byte at {@code index} of a lease. */
    public byte byteAt(long lease, int index) {
        int buffer = check(lease);
        Objects.checkFromIndexSize(index, 1, lengths[buffer]);
        byte value = slab.get(JAVA_BYTE, pool.offset(buffer) + index);
        checkAgain(lease);
        return value;
    }

    /** Copies {@code [index, index + count)} of a lease to {@code target} from {@code at} on. */
    public void copy(long lease, int index, byte[] target, int at, int count) {
        int buffer = check(lease);
        Objects.checkFromIndexSize(index, count, lengths[buffer]);
        MemorySegment.copy(slab, JAVA_BYTE, pool.offset(buffer) + index, target, at, count);
        checkAgain(lease);
    }

    /** Copies {@code [index, index + count)} of a lease to {@code target}, whose position moves on. */
    public void copy(long lease, int index, ByteBuffer target, int count) {
        int buffer = check(lease);
        Objects.checkFromIndexSize(index, count, lengths[buffer]);
        MemorySegment to = MemorySegment.ofBuffer(target).asSlice(0, count);
        MemorySegment.copy(slab, pool.offset(buffer) + index, to, 0, count);
        checkAgain(lease);
        target.position(target.position() + count);
    }

    /** Copies {@code [index, index + count)} of a lease to native memory, which must have room for it. */
    public void copy(long lease, int index, long address, int count) {
        int buffer = check(lease);
        Objects.checkFromIndexSize(index, count, lengths[buffer]);
        MemorySegment.copy(slab, pool.offset(buffer) + index, NativeMemory.ALL, address, count);
        checkAgain(lease);
    }

    /**
     * The bytes of a lease where they are, for as long as it is held: nothing checks what is read there, so whoever hands it
     * out sees to it that nobody reads after the release. Its memory is never unmapped while the lease is held. Any thread.
     */
    public ByteBuffer view(long lease) {
        int buffer = check(lease);
        return slab.asSlice(pool.offset(buffer), lengths[buffer]).asByteBuffer();
    }

    /** Whether {@code lease} is still the application's. */
    public boolean held(long lease) {
        return owners.lent(lease);
    }

    /**
     * Gives a buffer back. Its memory may be the kernel's from the loop's next turn on.
     *
     * @throws IllegalStateException if it was released or sent before
     */
    public void release(long lease) {
        if (!owners.leave(lease, FREE)) {
            throw stale(lease);
        }
        released(buffer(lease));
    }

    /** Gives a buffer back unless the handler that failed, or whom it handed the lease to, did so before. */
    void releaseIfHeld(long lease) {
        if (owners.leave(lease, FREE)) {
            released(buffer(lease));
        }
    }

    private void released(int buffer) {
        if (engine.inLoop() && !orphaned) {
            holder(buffer).lent--;
            applicationHeld--;
            giveBack(buffer);
            return;
        }
        returned.push(buffer);
        if (orphaned) {
            settle();
        } else {
            engine.wakeup();
        }
    }

    private int check(long lease) {
        if (!held(lease)) {
            throw stale(lease);
        }
        return buffer(lease);
    }

    /** A release while we read: what was read may be another client's. */
    private void checkAgain(long lease) {
        VarHandle.acquireFence(); // the reads before stay before the look at the word; pairs with the release by CAS
        check(lease);
    }

    private IllegalStateException stale(long lease) {
        engine.counters.staleLeases.increment();
        if (!owners.tagged(lease)) {
            return new IllegalStateException("the lease belongs to another engine: copy its bytes to move them");
        }
        return new IllegalStateException("lease of buffer " + buffer(lease)
                + " is stale: it was released or sent before, and the buffer may hold another client's bytes by now");
    }

    // ---- loop thread: life of the groups ------------------------------------------------------------------------

    /** Registers the groups with a new ring and gives the kernel every buffer that nobody else holds. */
    void attach(Ring ring) {
        groups.register(ring);
        kernelMayWrite = true;
        for (int buffer = 0; buffer < ringCount; buffer++) {
            if (owners.owner(buffer) == FREE && holders[buffer] == null) { // else another thread's release is on its way
                toKernel(buffer);
            }
        }
        publish();
    }

    /** Takes the groups away from the kernel, which has ended every receive. */
    void detach() {
        groups.unregister();
        ended();
    }

    private void ended() {
        kernelMayWrite = false;
        for (int buffer = 0; buffer < ringCount; buffer++) {
            if (owners.owner(buffer) == KERNEL) {
                owners.owner(buffer, FREE);
            }
        }
    }

    /** Whether no completion that carried a buffer is missing. */
    boolean headsAgree() {
        return groups.headsAgree();
    }

    /** The ring is gone with everything on it: the groups went with it, and the kernel fills no buffer any more. */
    void ringDied() {
        groups.forget();
        ended();
    }

    /** One store-release per group. */
    void publish() {
        groups.publish();
    }

    /** Takes in what other threads released. */
    void drainReturned() {
        int buffer = returned.steal();
        while (buffer != NONE) {
            int following = next[buffer];
            holder(buffer).lent--;
            applicationHeld--;
            giveBack(buffer);
            buffer = following;
        }
    }

    boolean anyReturned() {
        return !returned.isEmpty();
    }

    /** The ring could not be opened as a whole: nobody has seen this memory. */
    void discard() {
        pool.unmap();
    }

    /** The loop ends. The memory goes when the last lease comes home, unless the kernel may still write into it. */
    void orphan() {
        drainReturned();
        orphaned = true;
        settle();
    }

    private synchronized void settle() {
        int buffer = returned.steal();
        while (buffer != NONE) {
            applicationHeld--;
            buffer = next[buffer];
        }
        if (applicationHeld == 0 && !kernelMayWrite) {
            applicationHeld = NONE; // once
            pool.unmap();
        }
    }

    // ---- loop thread: moves between owners ----------------------------------------------------------------------

    /** A completion has named {@code first} and, if it is a bundle, those that follow it: they are the engine's now. */
    void taken(int first, int count) {
        int buffer = first;
        take(buffer);
        for (int i = 1; i < count; i++) {
            buffer = groups.following(buffer);
            take(buffer);
        }
    }

    /** A buffer that was taken holds {@code length} bytes for {@code connection} now. */
    void received(int buffer, int length, Connection connection) {
        lengths[buffer] = length;
        holders[buffer] = connection;
        connection.held++;
    }

    /** Nobody wants what is in a buffer that was taken. */
    void recycle(int buffer) {
        owners.free(buffer);
        toKernel(buffer);
    }

    private void take(int buffer) {
        assert owners.owner(buffer) == KERNEL
                : "buffer " + buffer + " completed, but its owner is " + owners.owner(buffer);
        groups.taken(buffer);
        owners.owner(buffer, ENGINE);
    }

    /** How many buffers a receive of {@code bytes} has filled. */
    int buffersOf(int bytes) {
        return bytes <= bufferBytes ? 1 : (bytes + bufferBytes - 1) / bufferBytes;
    }

    /** Where a bundle goes on behind {@code buffer}; asked for before that one is given back. */
    int following(int buffer) {
        return groups.following(buffer);
    }

    /** Lends {@code buffer} to the application. */
    long lend(int buffer) {
        assert owners.owner(buffer) == ENGINE;
        holder(buffer).lent++;
        applicationHeld++;
        return owners.lend(buffer);
    }

    /** Takes a lease from the application to send it; the old lease is stale from here on. */
    int reclaim(long lease) {
        if (!owners.leave(lease, ENGINE)) {
            throw stale(lease);
        }
        int buffer = buffer(lease);
        holder(buffer).lent--;
        applicationHeld--;
        return buffer;
    }

    /** The engine is done with {@code buffer}. */
    void drop(int buffer) {
        assert owners.owner(buffer) == ENGINE;
        owners.free(buffer);
        giveBack(buffer);
    }

    private void giveBack(int buffer) {
        Connection holder = holders[buffer];
        holders[buffer] = null;
        if (buffer < ringCount) {
            toKernel(buffer);
        } else {
            copies.give(buffer);
        }
        if (holder != null) {
            holder.held--;
            engine.receiver.gaveBack(holder);
        }
    }

    private void toKernel(int buffer) {
        if (kernelMayWrite) {
            owners.owner(buffer, KERNEL);
            groups.add(buffer);
        }
    }

    /** A free copy buffer, the engine's from now on, or -1. It counts against no connection until {@link #assign}. */
    int takeCopy() {
        int buffer = copies.take();
        if (buffer != NONE) {
            owners.owner(buffer, ENGINE);
            lengths[buffer] = 0;
        }
        return buffer;
    }

    /** Counts a copy buffer against {@code connection}. */
    private void assign(int buffer, Connection connection) {
        holders[buffer] = connection;
        connection.held++;
    }

    /** Moves the bytes of a ring buffer, which the engine holds, to a copy buffer; -1 if there is none. */
    int copyOut(int buffer) {
        int copy = takeCopy();
        if (copy != NONE) {
            append(copy, address(buffer), lengths[buffer]);
            Connection holder = holder(buffer);
            assign(copy, holder);
            drop(buffer);
            engine.counters.copiedOut++;
        }
        return copy;
    }

    /** Appends native memory to a copy buffer, which has room for it. */
    void append(int copy, long address, int count) {
        long from = address - slab.address();
        MemorySegment.copy(slab, from, slab, pool.offset(copy) + lengths[copy], count);
        lengths[copy] += count;
    }

    /** Appends as much of {@code source} from {@code at} on as fits; returns how much. */
    int append(int copy, MemorySegment source, long at, long count) {
        int fits = (int) Math.min(count, bufferBytes - lengths[copy]);
        MemorySegment.copy(source, at, slab, pool.offset(copy) + lengths[copy], fits);
        lengths[copy] += fits;
        return fits;
    }

    // ---- loop thread: facts -------------------------------------------------------------------------------------

    /** Who has {@code buffer}, as {@link BufferOwners} numbers them. */
    int owner(int buffer) {
        return owners.owner(buffer);
    }

    boolean inMain(int buffer) {
        return groups.inMain(buffer);
    }

    boolean inRing(int buffer) {
        return buffer < ringCount;
    }

    int room(int copy) {
        return bufferBytes - lengths[copy];
    }

    int lengthOf(int buffer) {
        return lengths[buffer];
    }

    long address(int buffer) {
        return pool.address(buffer);
    }

    int next(int buffer) {
        return next[buffer];
    }

    void next(int buffer, int following) {
        next[buffer] = following;
    }

    /** Main buffers that the kernel can take, those of the next publish included. */
    int mainAvailable() {
        return groups.mainAvailable();
    }

    /** Main buffers that the kernel holds, for gauges. */
    int mainFree() {
        return groups.mainFree();
    }

    int reserveAvailable() {
        return groups.reserveAvailable();
    }

    /** At least half of the main buffers are left. */
    boolean plentiful() {
        return groups.plentiful();
    }

    /** Fewer main buffers are left than the reserve has. */
    boolean scarce() {
        return groups.scarce();
    }

    int applicationHeld() {
        return Math.max(applicationHeld, 0);
    }

    /** How many receive buffers {@code owner} has, for gauges. Any thread. */
    int ringBuffersOf(int owner) {
        return owners.count(owner, ringCount);
    }

    /** Memory of all buffers. */
    long bytes() {
        return slab.byteSize();
    }

    int copiesFree() {
        return copies.free();
    }

    int copiesHeld() {
        return copies.held();
    }

    private Connection holder(int buffer) {
        Connection holder = holders[buffer];
        assert holder != null : "buffer " + buffer + " has no holder";
        return Objects.requireNonNull(holder);
    }
}
