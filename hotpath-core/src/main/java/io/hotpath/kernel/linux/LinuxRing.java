package io.hotpath.kernel.linux;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingFeatures;
import io.hotpath.kernel.RingMemory;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.libc.Host;
import io.hotpath.kernel.libc.Releases;
import io.hotpath.kernel.libc.Syscalls;
import io.hotpath.kernel.libc.WakeFd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A ring of io_uring. Set up disabled, restricted, its descriptor registered, then enabled, all on the thread that owns
 * it.
 *
 * <p>The order of teardown is that of opening, reversed: unregister the descriptor on the owner's thread (a registered
 * ring outlives {@code close}), unmap, close.
 */
final class LinuxRing implements KernelRing {
    private static final int ENTER_TRIES_MAX = 16;

    private final Kernel kernel;
    private final Releases releases;
    private final WakeFd wakeFd;
    private final RingMemory memory;
    private final RingRegistry registry;
    private final RingFeatures features;
    private final EnterCall enterCall;

    private final Thread opener = Thread.currentThread();

    /** The opener, null once closed. The owner writes; other threads only see that it is not them. */
    private @Nullable Thread owner = opener;

    /**
     * Opens a ring with the first set of flags in {@code ladder} that the kernel takes. What was taken by a failed attempt
     * is given back.
     */
    static LinuxRing open(Kernel kernel, RingSetup setup, List<Integer> ladder) {
        Host.requirePlatformThread();
        Releases releases = new Releases();
        try {
            return new LinuxRing(kernel, setup, ladder, releases);
        } catch (Throwable failed) {
            releases.runAfter(failed);
            throw failed;
        }
    }

    private LinuxRing(Kernel kernel, RingSetup setup, List<Integer> ladder, Releases releases) {
        this.kernel = kernel;
        this.releases = releases;
        Arena arena = Arena.ofConfined();
        releases.add(() -> ifOpener(arena::close));
        wakeFd = WakeFd.open(errno -> Refusal.ofStep("eventfd", errno));
        releases.add(wakeFd::close);
        SetUp ring = SetUp.open(setup, ladder, arena);
        releases.add(() -> Syscalls.close(ring.fd()));
        ring.requireFeatures();
        memory = Queues.map(ring, arena, releases);
        MemorySegment capture = arena.allocate(Syscalls.CAPTURE);
        registry = new RingRegistry(ring.fd(), capture, arena);
        boolean disabled = ring.has(Abi.IORING_SETUP_R_DISABLED);
        boolean restricted = setup.restricted() && disabled && registry.restrictions() == 0;
        int index = registerRingFd();
        if (disabled) {
            enable();
        }
        boolean noIowait = ring.feature(Uring.IORING_FEAT_NO_IOWAIT);
        int enterFlags = (index >= 0 ? Uring.IORING_ENTER_REGISTERED_RING : 0)
                | (noIowait ? Uring.IORING_ENTER_NO_IOWAIT : 0);
        enterCall = new EnterCall(index >= 0 ? index : ring.fd(), enterFlags, capture, arena);
        requireEnter();
        features = new RingFeatures(
                ring.flags(), ring.has(Abi.IORING_SETUP_DEFER_TASKRUN), index >= 0, restricted, noIowait);
    }

    @Override
    public Kernel kernel() {
        return kernel;
    }

    @Override
    public RingMemory memory() {
        return memory;
    }

    @Override
    public RingFeatures features() {
        return features;
    }

    @Override
    public int enter(int toSubmit, int minComplete, boolean getEvents, long timeoutNanos) {
        if (Thread.currentThread() != owner) {
            return refusal(); // the registered index of this ring may be another ring of that thread
        }
        if (!getEvents) {
            return toSubmit == 0 ? 0 : enterCall.submit(toSubmit);
        }
        if (minComplete == 0 || timeoutNanos == 0) {
            return enterCall.submitAndWait(toSubmit, 0); // a limit of 0 would still arm a timer and sleep
        }
        return timeoutNanos < 0
                ? enterCall.submitAndWait(toSubmit, minComplete)
                : enterCall.submitAndWait(toSubmit, minComplete, timeoutNanos);
    }

    @Override
    public int registerBufferRing(MemorySegment ring, int entries, int group) {
        return Thread.currentThread() == owner ? registry.bufferRing(ring, entries, group) : refusal();
    }

    @Override
    public int unregisterBufferRing(int group) {
        return Thread.currentThread() == owner ? registry.unregisterBufferRing(group) : refusal();
    }

    @Override
    public int bufferRingHead(int group) {
        return Thread.currentThread() == owner ? registry.bufferRingHead(group) : refusal();
    }

    @Override
    public int wakeFd() {
        return wakeFd.fd();
    }

    @Override
    public void wake() {
        wakeFd.wake();
    }

    /**
     * {@inheritDoc}
     *
     * <p>When the owner has ended without closing, any thread may: the kernel released the registered descriptor with the
     * thread; the prepared arguments, some hundred bytes, are then lost.
     */
    @Override
    public void close() {
        if (owner == null) {
            return;
        }
        if (Thread.currentThread() != opener && opener.isAlive()) {
            throw new WrongThreadException("a ring is closed by its owner, " + opener.getName());
        }
        owner = null;
        releases.run();
    }

    /** The index that stands for the ring in this thread, or {@code -errno}: then it goes by its descriptor. */
    private int registerRingFd() {
        int index = registry.ringFd();
        if (index >= 0) {
            releases.add(() -> ifOpener(() -> registry.unregisterRingFd(index)));
        }
        return index;
    }

    private void enable() {
        int result = registry.enable();
        if (result < 0) {
            throw Refusal.ofStep("io_uring_register(ENABLE_RINGS)", -result);
        }
    }

    /**
     * A filter may permit the other two calls and not this one; better to know before anybody relies on the ring. A signal
     * is no refusal.
     */
    private void requireEnter() {
        int result = enterCall.submitAndWait(0, 0);
        for (int i = 1; i < ENTER_TRIES_MAX && (result == -Errno.EINTR || result == -Errno.EAGAIN); i++) {
            result = enterCall.submitAndWait(0, 0);
        }
        if (result < 0) {
            throw Refusal.ofStep("io_uring_enter", -result);
        }
    }

    /** As the kernel answers: EEXIST to a thread that is not the issuer, EBADF when there is no ring. */
    private int refusal() {
        return owner == null ? -Errno.EBADF : -Errno.EEXIST;
    }

    private void ifOpener(Runnable step) {
        if (Thread.currentThread() == opener) {
            step.run();
        }
    }
}
