package io.hotpath.kernel.epoll;

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
import org.jspecify.annotations.Nullable;

/**
 * A ring over epoll. Submissions run in enter; what must wait completes inside enter with getEvents and nowhere else, as
 * under {@code DEFER_TASKRUN}.
 *
 * <p>A turn asks epoll once, then serves each ready descriptor once, in the order they became ready and each within a bound.
 * When submissions have brought completions enough, every other turn does not ask at all: an echo costs one receive, one
 * send and a share of one {@code epoll_wait}.
 */
final class EpollRing implements KernelRing {
    private final Kernel kernel;
    private final Releases releases;
    private final RingMemory memory;
    private final RingFeatures features;
    private final WakeFd wakeFd;
    private final EpollSet set;
    private final Completions completions;
    private final Requests requests = new Requests();
    private final Descriptors descriptors;
    private final BufferGroups groups = new BufferGroups();
    private final ReadyQueue ready = new ReadyQueue();
    private final Issuer issuer;
    private final Sqe sqe;
    private final int sqMask;
    private int sqHead;

    /** Cancelled and not completed yet, first in first out, linked by {@code nextArmed}. */
    private @Nullable Request firstCancelled;

    private @Nullable Request lastCancelled;

    /** Whether the last turn asked epoll. */
    private boolean asked;

    private final Thread opener = Thread.currentThread();

    /** The opener, null once closed. The owner writes; other threads only see that it is not them. */
    private @Nullable Thread owner = opener;

    static EpollRing open(Kernel kernel, RingSetup setup) {
        Host.requirePlatformThread();
        Releases releases = new Releases();
        try {
            return new EpollRing(kernel, setup, releases);
        } catch (Throwable failed) {
            releases.runAfter(failed);
            throw failed;
        }
    }

    private EpollRing(Kernel kernel, RingSetup setup, Releases releases) {
        this.kernel = kernel;
        this.releases = releases;
        Arena arena = Arena.ofConfined();
        releases.add(() -> {
            if (Thread.currentThread() == opener) {
                arena.close();
            }
        });
        wakeFd = WakeFd.open(errno -> Refusal.ofStep("eventfd", errno));
        releases.add(wakeFd::close);
        MemorySegment capture = arena.allocate(Syscalls.CAPTURE);
        set = EpollSet.open(capture, arena);
        releases.add(set::close);
        memory = Queues.allocate(setup, arena);
        sqe = new Sqe(memory.sqes());
        sqMask = memory.sqEntries() - 1;
        completions = new Completions(memory);
        descriptors = new Descriptors(this, set);
        releases.add(descriptors::closeHeld);
        issuer = new Issuer(this, groups, capture, arena, setup.restricted());
        features = new RingFeatures(0, true, false, setup.restricted(), true);
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

    // ---- enter --------------------------------------------------------------------------------------------------

    @Override
    public int enter(int toSubmit, int minComplete, boolean getEvents, long timeoutNanos) {
        if (Thread.currentThread() != owner) {
            return refusal();
        }
        if (completions.overflowFull()) {
            completions.flush();
            completions.publish();
            return -Errno.EBUSY;
        }
        int submitted = submit(toSubmit);
        int waited = getEvents && submitted == toSubmit ? await(minComplete, timeoutNanos) : 0;
        completions.publish();
        return submitted > 0 ? submitted : waited;
    }

    private int submit(int toSubmit) {
        int tail = (int) Abi.COUNTER.getAcquire(memory.sqTail(), 0L); // pairs with the store-release of the tail
        int count = Math.min(toSubmit, tail - sqHead);
        for (int i = 0; i < count; i++) {
            issuer.issue(sqe.at(sqHead & sqMask));
            sqHead++;
        }
        Abi.COUNTER.setRelease(memory.sqHead(), 0L, sqHead); // the entries are read
        return count;
    }

    private int await(int minComplete, long timeoutNanos) {
        int enough = Math.min(minComplete, memory.cqEntries());
        boolean mayWait = enough > 0 && timeoutNanos != 0;
        completions.flush();
        finishCancelled();
        int visible = completions.visible();
        if (asked && visible > 0 && visible >= enough && ready.isEmpty()) {
            asked = false; // but the next turn asks, or submissions could keep everybody else waiting
            return 0;
        }
        asked = true;
        long start = mayWait && timeoutNanos > 0 ? System.nanoTime() : 0;
        long left = timeoutNanos;
        for (;;) {
            boolean sleep = mayWait && ready.isEmpty() && completions.visible() < enough;
            int result = turn(sleep ? left : 0);
            if (result < 0) {
                return completions.visible() > 0 ? 0 : result;
            }
            if (!mayWait || completions.visible() >= enough) {
                return 0;
            }
            if (timeoutNanos > 0) {
                left = timeoutNanos - (System.nanoTime() - start);
                if (left <= 0) {
                    return completions.visible() > 0 ? 0 : -Errno.ETIME;
                }
            }
        }
    }

    /** Asks epoll once, for at most {@code timeoutNanos}, and serves who is ready. */
    private int turn(long timeoutNanos) {
        int count = timeoutNanos == 0 ? set.poll() : set.await(timeoutNanos);
        note(count);
        serve();
        return count;
    }

    /** Remembers what the events said. */
    private void note(int count) {
        for (int i = 0; i < count; i++) {
            Descriptor descriptor = descriptors.find(set.eventFd(i));
            if (descriptor == null || descriptor.generation != set.eventGeneration(i)) {
                continue; // the number has a new owner
            }
            int events = set.events(i);
            boolean ended = (events & (Abi.POLLRDHUP | Abi.POLLHUP | Abi.POLLERR | EpollSet.EPOLLPRI)) != 0;
            descriptor.readable |= ended || (events & Abi.POLLIN) != 0;
            descriptor.writable |= (events & (Abi.POLLOUT | Abi.POLLHUP | Abi.POLLERR)) != 0;
            descriptor.thorough |= ended;
            if (descriptor.armed > 0) {
                descriptor.events |= events;
                ready.add(descriptor);
            }
        }
    }

    /** Serves each descriptor that is ready now once. */
    private void serve() {
        for (int i = ready.size(); i > 0; i--) {
            Descriptor descriptor = ready.remove();
            if (issuer.serve(descriptor)) {
                ready.add(descriptor);
            }
        }
        finishCancelled();
    }

    private void finishCancelled() {
        while (firstCancelled != null) {
            Request request = firstCancelled;
            firstCancelled = request.nextArmed;
            request.nextArmed = null;
            completions.post(request.userData, request.result, 0);
            issuer.release(request);
        }
        lastCancelled = null;
    }

    // ---- for its parts ------------------------------------------------------------------------------------------

    Requests requests() {
        return requests;
    }

    Descriptors descriptors() {
        return descriptors;
    }

    void ready(Descriptor descriptor) {
        ready.add(descriptor);
    }

    /** Completes a submission that did not have to wait. */
    void complete(Sqe submission, int result) {
        if (result < 0 || !submission.skipsSuccess()) {
            completions.post(submission.userData(), result, 0);
        }
    }

    /** One completion of a multishot that goes on; false if it did not fit, which ends it. */
    boolean post(Request request, int result, int flags) {
        if (!completions.hasRoom()) {
            finish(request, result, flags);
            return false;
        }
        completions.post(request.userData, result, flags | Abi.IORING_CQE_F_MORE);
        return true;
    }

    /** The last completion. */
    void finish(Request request, int result, int flags) {
        disarm(request);
        boolean failed = result < 0 || (request.sends() && result < request.length);
        if (failed || !request.skipsSuccess) {
            completions.post(request.userData, result, flags);
        }
        issuer.release(request);
    }

    /** Takes the request away from its descriptor at once; it completes with the next events. */
    void cancel(Request request) {
        disarm(request);
        request.result = request.sends() && request.done > 0 ? request.done : -Errno.ECANCELED;
        if (lastCancelled == null) {
            firstCancelled = request;
        } else {
            lastCancelled.nextArmed = request;
        }
        lastCancelled = request;
    }

    private void disarm(Request request) {
        Descriptor descriptor = request.descriptor;
        requests.disarm(request);
        if (descriptor != null && descriptor.armed == 0) {
            Descriptors.release(descriptor);
        }
    }

    // ---- register, wake, close ----------------------------------------------------------------------------------

    @Override
    public int registerBufferRing(MemorySegment ring, int entries, int group) {
        return Thread.currentThread() == owner ? groups.register(ring, entries, group) : refusal();
    }

    @Override
    public int unregisterBufferRing(int group) {
        return Thread.currentThread() == owner ? groups.unregister(group) : refusal();
    }

    @Override
    public int bufferRingHead(int group) {
        return Thread.currentThread() == owner ? groups.head(group) : refusal();
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
     * <p>Descriptors stay open, they belong to whoever opened them. When the owner has ended without closing, any thread may
     * close; the queues' memory is then lost.
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

    /** As io_uring answers: EEXIST to a thread that is not the issuer, EBADF when there is no ring. */
    private int refusal() {
        return owner == null ? -Errno.EBADF : -Errno.EEXIST;
    }
}
