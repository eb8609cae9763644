package io.hotpath.engine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.hotpath.kernel.Kernel;
import io.hotpath.ring.BufferPool;
import io.hotpath.ring.BufferRing;
import io.hotpath.ring.Ring;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Who owns each buffer of an engine. Three kinds of buffer lie in one slab: {@code [0, main)} are in the main group,
 * {@code [main, main + reserve)} in the reserve group, the rest are copy buffers that the kernel never receives into: bytes
 * are moved there when ring buffers are short, and what callers send from the heap is gathered there. Untouched copy
 * buffers cost no memory.
 *
 * <p>A lease is a {@code long}: the buffer, its engine and the generation it had when it was lent. Every transfer out of
 * the application's hands moves the generation on, so an old lease never matches again, whatever the buffer holds by then.
 * {@link #release} and the readers are for any thread; everything else is for the loop thread.
 */
public final class Leases {
    private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(int[].class);
    private static final VarHandle RETURNED;

    private static final int OWNER_BITS = 2;
    private static final int OWNER_MASK = 3;
    private static final int FREE = 0;
    private static final int KERNEL = 1;
    private static final int ENGINE = 2;
    private static final int APPLICATION = 3;
    private static final int NONE = -1;

    /** A lease is a generation, the tag of its engine and a buffer; the tag refuses leases of another engine. */
    private static final int TAG_SHIFT = 21;
    private static final int TAG_MASK = 0x3ff;
    private static final int BUFFER_MASK = (1 << TAG_SHIFT) - 1;
    private static final AtomicInteger TAGS = new AtomicInteger();

    static {
        try {
            RETURNED = MethodHandles.lookup().findVarHandle(Leases.class, "returned", int.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private final Engine engine;
    private final BufferPool pool;
    private final MemorySegment slab;
    private final int tag = (TAGS.getAndIncrement() & TAG_MASK) << TAG_SHIFT;
    private final int bufferBytes;
    private final int mainCount;
    private final int ringCount;

    /**
     * Generation and owner of each buffer. The loop thread writes; another thread changes a word only by the CAS that takes
     * it out of APPLICATION, so the loop's plain moves between the other owners cannot meet it.
     */
    private final int[] words;

    private final int[] lengths;
    private final @Nullable Connection[] holders;

    /** Links the free copy buffers, a connection's parked buffers, or the stack of returned ones: a buffer is in one. */
    private final int[] next;

    /** Top of the stack of buffers that other threads released. Pushed by CAS by any thread, stolen whole by the loop. */
    @SuppressWarnings("unused") // through RETURNED
    private volatile int returned = NONE;

    /** Set once by the loop thread when it will never drain again; releasing threads then settle themselves. */
    private volatile boolean orphaned;

    private @Nullable BufferRing main;
    private @Nullable BufferRing reserve;
    private int freeCopies = NONE;
    private int freeCopyCount;
    private int copiesTouched;
    private int applicationHeld;
    private boolean kernelMayWrite;

    Leases(Engine engine, Kernel kernel, EngineConfig config) {
        this.engine = engine;
        bufferBytes = config.bufferBytes();
        mainCount = config.buffers();
        ringCount = mainCount + config.reserveBuffers();
        int count = ringCount + config.copyBuffers();
        assert count <= BUFFER_MASK + 1;
        pool = BufferPool.map(kernel, count, bufferBytes);
        slab = pool.slab();
        words = new int[count];
        lengths = new int[count];
        holders = new Connection[count];
        next = new int[count];
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

    /** Whether {@code lease} is still the application's. */
    public boolean held(long lease) {
        int buffer = buffer(lease);
        return ours(lease) && (int) WORD.getAcquire(words, buffer) == word(generation(lease), APPLICATION);
    }

    /**
     * Gives a buffer back. Its memory may be the kernel's from the loop's next turn on.
     *
     * @throws IllegalStateException if it was released or sent before
     */
    public void release(long lease) {
        if (!leave(lease, FREE)) {
            throw stale(lease);
        }
        released(buffer(lease));
    }

    /** Gives a buffer back unless the handler that failed, or whom it handed the lease to, did so before. */
    void releaseIfHeld(long lease) {
        if (leave(lease, FREE)) {
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
        int top;
        do {
            top = (int) RETURNED.getVolatile(this);
            next[buffer] = top;
        } while (!RETURNED.compareAndSet(this, top, buffer)); // publishes next[buffer] to the thread that steals
        if (orphaned) {
            settle();
        } else {
            engine.wakeup();
        }
    }

    private boolean leave(long lease, int owner) {
        int generation = generation(lease);
        return ours(lease)
                && WORD.compareAndSet(
                        words, buffer(lease), word(generation, APPLICATION), word(generation + 1, owner));
    }

    private boolean ours(long lease) {
        return ((int) lease & ~BUFFER_MASK) == tag && buffer(lease) < words.length;
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
        if (((int) lease & ~BUFFER_MASK) != tag) {
            return new IllegalStateException("the lease belongs to another engine: copy its bytes to move them");
        }
        return new IllegalStateException("lease of buffer " + buffer(lease)
                + " is stale: it was released or sent before, and the buffer may hold another client's bytes by now");
    }

    // ---- loop thread: life of the groups ------------------------------------------------------------------------

    /** Registers the groups with a new ring and gives the kernel every buffer that nobody else holds. */
    void attach(Ring ring) {
        BufferRing mainRing = BufferRing.register(ring, mainCount, EngineConfig.MAIN_GROUP);
        try {
            reserve = BufferRing.register(ring, ringCount - mainCount, EngineConfig.RESERVE_GROUP);
        } catch (RuntimeException failed) {
            mainRing.unregister();
            throw failed;
        }
        main = mainRing;
        kernelMayWrite = true;
        for (int buffer = 0; buffer < ringCount; buffer++) {
            if (owner(buffer) == FREE && holders[buffer] == null) { // else another thread's release is on its way
                toKernel(buffer);
            }
        }
        publish();
    }

    /** Takes the groups away from the kernel, which has ended every receive. */
    void detach() {
        main().unregister();
        reserve().unregister();
        ended();
    }

    private void ended() {
        kernelMayWrite = false;
        for (int buffer = 0; buffer < ringCount; buffer++) {
            if (owner(buffer) == KERNEL) {
                words[buffer] = word(generation(words[buffer]), FREE);
            }
        }
    }

    /** Whether no completion that carried a buffer is missing. */
    boolean headsAgree() {
        return main().headAgrees() && reserve().headAgrees();
    }

    /** The ring is gone with everything on it: the groups went with it, and the kernel fills no buffer any more. */
    void ringDied() {
        main().forget();
        reserve().forget();
        ended();
    }

    /** One store-release per group. */
    void publish() {
        main().publish();
        reserve().publish();
    }

    /** Takes in what other threads released. */
    void drainReturned() {
        if ((int) RETURNED.getOpaque(this) == NONE) {
            return;
        }
        int buffer = (int) RETURNED.getAndSet(this, NONE); // pairs with the CAS of the threads that pushed
        while (buffer != NONE) {
            int following = next[buffer];
            holder(buffer).lent--;
            applicationHeld--;
            giveBack(buffer);
            buffer = following;
        }
    }

    boolean anyReturned() {
        return (int) RETURNED.getVolatile(this) != NONE;
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
        int buffer = (int) RETURNED.getAndSet(this, NONE);
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

    /** A completion has named {@code buffer}: it holds {@code length} bytes for {@code connection} now. */
    void received(int buffer, int length, Connection connection) {
        take(buffer);
        lengths[buffer] = length;
        holders[buffer] = connection;
        connection.held++;
    }

    /** A completion has named {@code buffer}, and nobody wants what is in it. */
    void recycle(int buffer) {
        take(buffer);
        words[buffer] = word(generation(words[buffer]) + 1, FREE);
        toKernel(buffer);
    }

    private void take(int buffer) {
        int word = words[buffer];
        assert (word & OWNER_MASK) == KERNEL
                : "buffer " + buffer + " completed, but its owner is " + (word & OWNER_MASK);
        (buffer < mainCount ? main() : reserve()).taken();
        words[buffer] = word(generation(word), ENGINE);
    }

    /** Lends {@code buffer} to the application. */
    long lend(int buffer) {
        int generation = generation(words[buffer]);
        assert owner(buffer) == ENGINE;
        holder(buffer).lent++;
        applicationHeld++;
        WORD.setRelease(words, buffer, word(generation, APPLICATION)); // length and bytes are there before
        return (long) generation << 32 | tag | buffer;
    }

    /** Takes a lease from the application to send it; the old lease is stale from here on. */
    int reclaim(long lease) {
        if (!leave(lease, ENGINE)) {
            throw stale(lease);
        }
        int buffer = buffer(lease);
        holder(buffer).lent--;
        applicationHeld--;
        return buffer;
    }

    /** The engine is done with {@code buffer}. */
    void drop(int buffer) {
        assert owner(buffer) == ENGINE;
        words[buffer] = word(generation(words[buffer]) + 1, FREE);
        giveBack(buffer);
    }

    private void giveBack(int buffer) {
        Connection holder = holders[buffer];
        holders[buffer] = null;
        if (buffer < ringCount) {
            toKernel(buffer);
        } else {
            next[buffer] = freeCopies;
            freeCopies = buffer;
            freeCopyCount++;
        }
        if (holder != null) {
            holder.held--;
            engine.receiver.gaveBack(holder);
        }
    }

    private void toKernel(int buffer) {
        if (kernelMayWrite) {
            words[buffer] = word(generation(words[buffer]), KERNEL);
            (buffer < mainCount ? main() : reserve()).add(pool.address(buffer), bufferBytes, buffer);
        }
    }

    /** A free copy buffer, the engine's from now on, or -1. It counts against no connection until {@link #assign}. */
    int takeCopy() {
        int buffer = freeCopies;
        if (buffer != NONE) {
            freeCopies = next[buffer];
            freeCopyCount--;
        } else if (ringCount + copiesTouched < words.length) {
            buffer = ringCount + copiesTouched++;
        } else {
            return NONE;
        }
        words[buffer] = word(generation(words[buffer]), ENGINE);
        lengths[buffer] = 0;
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

    boolean inMain(int buffer) {
        return buffer < mainCount;
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
        return main().available();
    }

    /** Main buffers that the kernel holds, for gauges. */
    int mainFree() {
        return main().kernelHeld();
    }

    int reserveAvailable() {
        return reserve().available();
    }

    /** Fewer main buffers are left than the reserve has. */
    boolean scarce() {
        return main().available() < ringCount - mainCount;
    }

    int applicationHeld() {
        return Math.max(applicationHeld, 0);
    }

    int copiesFree() {
        return words.length - ringCount - copiesTouched + freeCopyCount;
    }

    int copiesHeld() {
        return copiesTouched - freeCopyCount;
    }

    private Connection holder(int buffer) {
        Connection holder = holders[buffer];
        assert holder != null : "buffer " + buffer + " has no holder";
        return Objects.requireNonNull(holder);
    }

    private BufferRing main() {
        return Objects.requireNonNull(main);
    }

    private BufferRing reserve() {
        return Objects.requireNonNull(reserve);
    }

    private int owner(int buffer) {
        return words[buffer] & OWNER_MASK;
    }

    private static int word(int generation, int owner) {
        return generation << OWNER_BITS | owner;
    }

    private static int generation(int word) {
        return word >>> OWNER_BITS;
    }

    private static int buffer(long lease) {
        return (int) lease & BUFFER_MASK;
    }

    private static int generation(long lease) {
        return (int) (lease >>> 32);
    }
}
