package io.hotpath.kernel.linux;

/**
 * The constants of the three io_uring system calls. What other kernels share (operations, flags of SQEs and CQEs) is in
 * {@link io.hotpath.kernel.Abi}.
 *
 * @see <a href="https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/io_uring.h">linux/io_uring.h</a>
 */
final class Uring {
    static final int IORING_FEAT_SINGLE_MMAP = 1;
    static final int IORING_FEAT_NODROP = 1 << 1;
    static final int IORING_FEAT_EXT_ARG = 1 << 8;
    static final int IORING_FEAT_NO_IOWAIT = 1 << 17;

    static final int IORING_ENTER_GETEVENTS = 1;
    static final int IORING_ENTER_EXT_ARG = 1 << 3;
    static final int IORING_ENTER_REGISTERED_RING = 1 << 4;
    static final int IORING_ENTER_NO_IOWAIT = 1 << 7;

    static final int IORING_REGISTER_RESTRICTIONS = 11;
    static final int IORING_REGISTER_ENABLE_RINGS = 12;
    static final int IORING_REGISTER_RING_FDS = 20;
    static final int IORING_UNREGISTER_RING_FDS = 21;
    static final int IORING_REGISTER_PBUF_RING = 22;
    static final int IORING_UNREGISTER_PBUF_RING = 23;
    static final int IORING_REGISTER_SYNC_CANCEL = 24;
    static final int IORING_REGISTER_PBUF_STATUS = 26;

    static final int IORING_RESTRICTION_REGISTER_OP = 0;
    static final int IORING_RESTRICTION_SQE_OP = 1;
    static final int IORING_RESTRICTION_SQE_FLAGS_ALLOWED = 2;

    static final long IORING_OFF_SQ_RING = 0;
    static final long IORING_OFF_SQES = 0x10000000L;

    private Uring() {}
}
