package io.hotpath.kernel.linux;

import static io.hotpath.kernel.Abi.IORING_SETUP_CLAMP;
import static io.hotpath.kernel.Abi.IORING_SETUP_COOP_TASKRUN;
import static io.hotpath.kernel.Abi.IORING_SETUP_CQSIZE;
import static io.hotpath.kernel.Abi.IORING_SETUP_DEFER_TASKRUN;
import static io.hotpath.kernel.Abi.IORING_SETUP_NO_SQARRAY;
import static io.hotpath.kernel.Abi.IORING_SETUP_R_DISABLED;
import static io.hotpath.kernel.Abi.IORING_SETUP_SINGLE_ISSUER;
import static io.hotpath.kernel.Abi.IORING_SETUP_SUBMIT_ALL;
import static io.hotpath.kernel.Abi.IORING_SETUP_TASKRUN_FLAG;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.libc.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A ring that {@code io_uring_setup} made: its descriptor and what the kernel said about it.
 *
 * <p>An old kernel answers unknown flags with EINVAL and no hint, so they are peeled off from the newest; a limit on
 * memory is answered with ENOMEM, so the queues are halved down to a floor.
 *
 * @param fd     the ring's descriptor, close-on-exec
 * @param flags  the {@code IORING_SETUP_*} flags that were accepted
 * @param params {@code struct io_uring_params} as the kernel filled it in
 * @see <a href="https://man7.org/linux/man-pages/man2/io_uring_setup.2.html">io_uring_setup(2)</a>
 */
record SetUp(int fd, int flags, MemorySegment params) {
    private static final int SQ_ENTRIES_FLOOR = 64;
    private static final int CQ_ENTRIES_FLOOR = 256;

    private static final int BARE = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
    private static final int SINGLE = BARE | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER;
    private static final int DEFERRED =
            SINGLE | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_R_DISABLED;
    private static final int COOPERATIVE = SINGLE | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG;

    /**
     * From the best to the barest: Linux 6.6, 6.1, 6.0, 6.0 of a vendor. SINGLE_ISSUER came with multishot receive, the least
     * that Hotpath needs, and unlike that it is told at once.
     */
    static final List<Integer> LADDER = List.of(
            DEFERRED | IORING_SETUP_NO_SQARRAY,
            DEFERRED,
            COOPERATIVE | IORING_SETUP_R_DISABLED,
            COOPERATIVE);

    private static final long FLAGS = Abi.offset(Abi.PARAMS, "flags");
    private static final long FEATURES = Abi.offset(Abi.PARAMS, "features");
    private static final long SQ_ENTRIES = Abi.offset(Abi.PARAMS, "sq_entries");
    private static final long CQ_ENTRIES = Abi.offset(Abi.PARAMS, "cq_entries");
    private static final long SQ_OFF = Abi.offset(Abi.PARAMS, "sq_off");
    private static final long CQ_OFF = Abi.offset(Abi.PARAMS, "cq_off");

    /** Makes a ring with the first set of {@code ladder} that the kernel takes; refuses if it takes none. */
    static SetUp open(RingSetup wanted, List<Integer> ladder, Arena arena) {
        MemorySegment params = arena.allocate(Abi.PARAMS);
        int result = -Errno.EINVAL;
        for (int flags : ladder) {
            result = shrinking(wanted, flags, params);
            if (result != -Errno.EINVAL) {
                if (result >= 0) {
                    return new SetUp(result, flags, params);
                }
                break;
            }
        }
        throw Refusal.ofSetup(-result);
    }

    /** Refuses a ring without what Hotpath stands on. Nobody who has multishot receive lacks it. */
    void requireFeatures() {
        require(Uring.IORING_FEAT_SINGLE_MMAP, "IORING_FEAT_SINGLE_MMAP (5.4)");
        require(Uring.IORING_FEAT_NODROP, "IORING_FEAT_NODROP (5.5)");
        require(Uring.IORING_FEAT_EXT_ARG, "IORING_FEAT_EXT_ARG (5.11)");
    }

    boolean has(int setupFlag) {
        return (flags & setupFlag) != 0;
    }

    boolean feature(int feature) {
        return (params.get(Abi.U32, FEATURES) & feature) != 0;
    }

    int sqEntries() {
        return params.get(Abi.U32, SQ_ENTRIES);
    }

    int cqEntries() {
        return params.get(Abi.U32, CQ_ENTRIES);
    }

    /** The offset of a part of the submission queue in the mapping. */
    int sqOffset(String field) {
        return params.get(Abi.U32, SQ_OFF + Abi.offset(Abi.SQ_OFFSETS, field));
    }

    /** The offset of a part of the completion queue in the mapping. */
    int cqOffset(String field) {
        return params.get(Abi.U32, CQ_OFF + Abi.offset(Abi.CQ_OFFSETS, field));
    }

    private void require(int feature, String name) {
        if (!feature(feature)) {
            throw Refusal.tooOld("io_uring_setup", 0, "the kernel lacks " + name);
        }
    }

    private static int shrinking(RingSetup wanted, int flags, MemorySegment params) {
        int sqEntries = wanted.sqEntries();
        int cqEntries = wanted.cqEntries();
        int result = call(sqEntries, cqEntries, flags, params);
        while (result == -Errno.ENOMEM && (sqEntries > SQ_ENTRIES_FLOOR || cqEntries > CQ_ENTRIES_FLOOR)) {
            sqEntries = halved(sqEntries, SQ_ENTRIES_FLOOR);
            cqEntries = halved(cqEntries, CQ_ENTRIES_FLOOR);
            result = call(sqEntries, cqEntries, flags, params);
        }
        return result;
    }

    private static int halved(int entries, int floor) {
        return entries <= floor ? entries : Math.max(floor, entries / 2);
    }

    private static int call(int sqEntries, int cqEntries, int flags, MemorySegment params) {
        params.fill((byte) 0);
        params.set(Abi.U32, FLAGS, flags);
        params.set(Abi.U32, CQ_ENTRIES, cqEntries);
        return Syscalls.ioUringSetup(sqEntries, params);
    }
}
