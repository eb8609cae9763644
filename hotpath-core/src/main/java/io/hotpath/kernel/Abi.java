package io.hotpath.kernel;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The layouts and constants of {@code linux/io_uring.h} and the socket headers that all kernels share. Every offset is
 * derived from a layout by field name; {@code AbiTest} pins the sizes.
 *
 * <p>Little-endian Linux, x86-64 and AArch64, which agree on all of this.
 *
 * @see <a href="https://github.com/torvalds/linux/blob/v6.18/include/uapi/linux/io_uring.h">linux/io_uring.h</a>
 */
public final class Abi {
    public static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    public static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);
    public static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** A queue counter of four bytes: {@code (int) COUNTER.getAcquire(segment, 0L)}. */
    public static final VarHandle COUNTER = U32.varHandle();

    /** The tail of a buffer ring, two bytes: {@code TAIL.setRelease(ring, BUF_RING_TAIL, (short) tail)}. */
    public static final VarHandle TAIL = U16.varHandle();

    /** {@code struct io_uring_sqe}; unions carry the name of the member that Hotpath uses first. */
    public static final StructLayout SQE = structLayout(
            JAVA_BYTE.withName("opcode"),
            JAVA_BYTE.withName("flags"),
            U16.withName("ioprio"),
            U32.withName("fd"),
            U64.withName("off"),
            U64.withName("addr"),
            U32.withName("len"),
            U32.withName("op_flags"),
            U64.withName("user_data"),
            U16.withName("buf_group"),
            U16.withName("personality"),
            U32.withName("optlen"),
            U64.withName("addr3"),
            paddingLayout(8));

    /** {@code struct io_uring_cqe}. */
    public static final StructLayout CQE =
            structLayout(U64.withName("user_data"), U32.withName("res"), U32.withName("flags"));

    /** {@code struct io_sqring_offsets}. */
    public static final StructLayout SQ_OFFSETS = structLayout(
            U32.withName("head"),
            U32.withName("tail"),
            U32.withName("ring_mask"),
            U32.withName("ring_entries"),
            U32.withName("flags"),
            U32.withName("dropped"),
            U32.withName("array"),
            U32.withName("resv1"),
            U64.withName("user_addr"));

    /** {@code struct io_cqring_offsets}. */
    public static final StructLayout CQ_OFFSETS = structLayout(
            U32.withName("head"),
            U32.withName("tail"),
            U32.withName("ring_mask"),
            U32.withName("ring_entries"),
            U32.withName("overflow"),
            U32.withName("cqes"),
            U32.withName("flags"),
            U32.withName("resv1"),
            U64.withName("user_addr"));

    /** {@code struct io_uring_params}. */
    public static final StructLayout PARAMS = structLayout(
            U32.withName("sq_entries"),
            U32.withName("cq_entries"),
            U32.withName("flags"),
            U32.withName("sq_thread_cpu"),
            U32.withName("sq_thread_idle"),
            U32.withName("features"),
            U32.withName("wq_fd"),
            MemoryLayout.sequenceLayout(3, U32).withName("resv"),
            SQ_OFFSETS.withName("sq_off"),
            CQ_OFFSETS.withName("cq_off"));

    /** {@code struct io_uring_buf}; entry 0 shares its {@code resv} with the ring's tail. */
    public static final StructLayout BUF =
            structLayout(U64.withName("addr"), U32.withName("len"), U16.withName("bid"), U16.withName("resv"));

    /** {@code struct io_uring_buf_reg}. */
    public static final StructLayout BUF_REG = structLayout(
            U64.withName("ring_addr"),
            U32.withName("ring_entries"),
            U16.withName("bgid"),
            U16.withName("flags"),
            MemoryLayout.sequenceLayout(3, U64).withName("resv"));

    /** {@code struct io_uring_buf_status}. */
    public static final StructLayout BUF_STATUS = structLayout(
            U32.withName("buf_group"),
            U32.withName("head"),
            MemoryLayout.sequenceLayout(8, U32).withName("resv"));

    /** {@code struct io_uring_getevents_arg}. */
    public static final StructLayout GETEVENTS_ARG = structLayout(
            U64.withName("sigmask"), U32.withName("sigmask_sz"), U32.withName("min_wait_usec"), U64.withName("ts"));

    /** {@code struct __kernel_timespec}. */
    public static final StructLayout TIMESPEC = structLayout(U64.withName("tv_sec"), U64.withName("tv_nsec"));

    /** {@code struct io_uring_restriction}. */
    public static final StructLayout RESTRICTION = structLayout(
            U16.withName("opcode"),
            JAVA_BYTE.withName("value"),
            JAVA_BYTE.withName("resv"),
            MemoryLayout.sequenceLayout(3, U32).withName("resv2"));

    /** {@code struct io_uring_rsrc_update}, which registers ring descriptors. */
    public static final StructLayout RSRC_UPDATE =
            structLayout(U32.withName("offset"), U32.withName("resv"), U64.withName("data"));

    /** {@code struct msghdr} of the 64-bit C library. */
    public static final StructLayout MSGHDR = structLayout(
            U64.withName("msg_name"),
            U32.withName("msg_namelen"),
            paddingLayout(4),
            U64.withName("msg_iov"),
            U64.withName("msg_iovlen"),
            U64.withName("msg_control"),
            U64.withName("msg_controllen"),
            U32.withName("msg_flags"),
            paddingLayout(4));

    /** {@code struct iovec}. */
    public static final StructLayout IOVEC = structLayout(U64.withName("iov_base"), U64.withName("iov_len"));

    public static final long SQE_BYTES = SQE.byteSize();
    public static final long SQE_HEAD = offset(SQE, "opcode");
    public static final long SQE_OFF = offset(SQE, "off");
    public static final long SQE_ADDR = offset(SQE, "addr");
    public static final long SQE_LEN = offset(SQE, "len");
    public static final long SQE_OP_FLAGS = offset(SQE, "op_flags");
    public static final long SQE_USER_DATA = offset(SQE, "user_data");
    public static final long SQE_BUF_GROUP = offset(SQE, "buf_group");
    public static final long SQE_OPTLEN = offset(SQE, "optlen");
    public static final long SQE_ADDR3 = offset(SQE, "addr3");

    public static final long CQE_BYTES = CQE.byteSize();
    public static final long CQE_USER_DATA = offset(CQE, "user_data");
    public static final long CQE_RES = offset(CQE, "res");
    public static final long CQE_FLAGS = offset(CQE, "flags");

    public static final long BUF_BYTES = BUF.byteSize();
    public static final long BUF_ADDR = offset(BUF, "addr");
    public static final long BUF_LEN = offset(BUF, "len");
    public static final long BUF_BID = offset(BUF, "bid");

    /** The u16 tail of a buffer ring lies in the reserved half-word of entry 0. */
    public static final long BUF_RING_TAIL = offset(BUF, "resv");

    public static final long IOV_BASE = offset(IOVEC, "iov_base");
    public static final long IOV_LEN = offset(IOVEC, "iov_len");
    public static final long MSG_IOV = offset(MSGHDR, "msg_iov");
    public static final long MSG_IOVLEN = offset(MSGHDR, "msg_iovlen");

    public static final int IORING_SETUP_CQSIZE = 1 << 3;
    public static final int IORING_SETUP_CLAMP = 1 << 4;
    public static final int IORING_SETUP_R_DISABLED = 1 << 6;
    public static final int IORING_SETUP_SUBMIT_ALL = 1 << 7;
    public static final int IORING_SETUP_COOP_TASKRUN = 1 << 8;
    public static final int IORING_SETUP_TASKRUN_FLAG = 1 << 9;
    public static final int IORING_SETUP_SINGLE_ISSUER = 1 << 12;
    public static final int IORING_SETUP_DEFER_TASKRUN = 1 << 13;
    public static final int IORING_SETUP_NO_SQARRAY = 1 << 16;

    public static final int IORING_OP_NOP = 0;
    public static final int IORING_OP_POLL_ADD = 6;
    public static final int IORING_OP_POLL_REMOVE = 7;
    public static final int IORING_OP_SENDMSG = 9;
    public static final int IORING_OP_TIMEOUT = 11;
    public static final int IORING_OP_TIMEOUT_REMOVE = 12;
    public static final int IORING_OP_ACCEPT = 13;
    public static final int IORING_OP_ASYNC_CANCEL = 14;
    public static final int IORING_OP_CONNECT = 16;
    public static final int IORING_OP_OPENAT = 18;
    public static final int IORING_OP_CLOSE = 19;
    public static final int IORING_OP_READ = 22;
    public static final int IORING_OP_SEND = 26;
    public static final int IORING_OP_RECV = 27;
    public static final int IORING_OP_SHUTDOWN = 34;

    public static final int IOSQE_IO_LINK = 1 << 2;
    public static final int IOSQE_BUFFER_SELECT = 1 << 5;
    public static final int IOSQE_CQE_SKIP_SUCCESS = 1 << 6;

    /** In {@code ioprio} of an accept. */
    public static final int IORING_ACCEPT_MULTISHOT = 1;

    /** In {@code ioprio} of an accept: wait for a connection before anything is reserved. */
    public static final int IORING_ACCEPT_POLL_FIRST = 1 << 2;

    /** In {@code ioprio} of a receive: wait for data before a buffer is picked. */
    public static final int IORING_RECVSEND_POLL_FIRST = 1;

    /** In {@code ioprio} of a receive. */
    public static final int IORING_RECV_MULTISHOT = 1 << 1;

    /** In {@code ioprio} of a receive: one completion may fill several buffers, in the order of their ring. */
    public static final int IORING_RECVSEND_BUNDLE = 1 << 4;

    /** In {@code len} of a poll. */
    public static final int IORING_POLL_ADD_MULTI = 1;

    /** In {@code op_flags} of a cancel: every match, the result is their count. */
    public static final int IORING_ASYNC_CANCEL_ALL = 1;

    /** In {@code op_flags} of a cancel: whatever it is. */
    public static final int IORING_ASYNC_CANCEL_ANY = 1 << 2;

    public static final int IORING_CQE_F_BUFFER = 1;
    public static final int IORING_CQE_F_MORE = 1 << 1;
    public static final int IORING_CQE_F_SOCK_NONEMPTY = 1 << 2;
    public static final int IORING_CQE_BUFFER_SHIFT = 16;

    public static final int IORING_SQ_CQ_OVERFLOW = 1 << 1;
    public static final int IORING_SQ_TASKRUN = 1 << 2;

    public static final int POLLIN = 0x1;
    public static final int POLLOUT = 0x4;
    public static final int POLLERR = 0x8;
    public static final int POLLHUP = 0x10;
    public static final int POLLRDHUP = 0x2000;

    /** In a multishot poll: report each new edge, not a level. */
    public static final int EPOLLET = 1 << 31;

    public static final int AF_UNIX = 1;
    public static final int AF_INET = 2;
    public static final int AF_INET6 = 10;
    public static final int SOCK_STREAM = 1;
    public static final int SOCK_NONBLOCK = 0x800;
    public static final int SOCK_CLOEXEC = 0x80000;
    public static final int SHUT_RD = 0;
    public static final int SHUT_WR = 1;
    public static final int SHUT_RDWR = 2;
    public static final int MSG_DONTWAIT = 0x40;
    public static final int MSG_WAITALL = 0x100;
    public static final int MSG_NOSIGNAL = 0x4000;

    public static final int SOL_SOCKET = 1;
    public static final int SO_REUSEADDR = 2;
    public static final int SO_ERROR = 4;

    /** {@code TIOCOUTQ}, by its name for sockets: bytes that the peer has not acknowledged. */
    public static final int SIOCOUTQ = 0x5411;

    public static final int SO_SNDBUF = 7;
    public static final int SO_RCVBUF = 8;
    public static final int SO_KEEPALIVE = 9;
    public static final int SO_LINGER = 13;
    public static final int SO_REUSEPORT = 15;
    public static final int SO_ATTACH_REUSEPORT_CBPF = 51;
    public static final int SO_DETACH_REUSEPORT_BPF = 68;
    public static final int IPPROTO_TCP = 6;
    public static final int TCP_NODELAY = 1;
    public static final int TCP_USER_TIMEOUT = 18;
    public static final int IPPROTO_IPV6 = 41;
    public static final int IPV6_V6ONLY = 26;

    /** The most iovecs that one {@code sendmsg} takes. */
    public static final int IOV_MAX = 1024;

    private Abi() {}

    /** The offset of {@code field} in {@code struct}. */
    public static long offset(StructLayout struct, String field) {
        return struct.byteOffset(groupElement(field));
    }
}
