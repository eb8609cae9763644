/*
 * The reference on io_uring: one thread, multishot accept, multishot receive into a ring of buffers, and one gathered send per
 * connection and batch of completions. Built by the Makefile beside it.
 */
#define _GNU_SOURCE
#include "server.h"
#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

enum { SQ_ENTRIES = 4096, CQ_ENTRIES = 16384 };
enum { GATHER_MAX = 64, REPLIES_MAX = 64, GROUP = 0 };
enum operation { ACCEPT, RECEIVE, SEND, CLOSE };
enum { NONE = -1 };

struct connection {
    int first, last;  /* the buffers to echo, linked by their next */
    int sending;      /* how many of them, or how many replies, are in the send in flight */
    int replies;      /* to be sent */
    bool receiving;   /* or about to, once there are buffers again */
    bool dirty;       /* in the list of those that may have something to send */
    bool failed;      /* sends nothing more */
    bool closing;
    struct heads heads;
};

struct buffer {
    int length, next;
};

static struct io_uring ring;
static struct io_uring_buf_ring *buffer_ring;
static struct buffer *buffers;
static int buffer_count, buffer_bytes;
static char *memory; /* the bytes of all buffers */
static int recycled; /* buffers in the ring that the kernel has not been told of */
static int held;     /* buffers that the kernel does not have */

static enum workload workload;
static int listener;
static struct connection *connections; /* by descriptor */
static int *dirty, dirty_count;
static int *starved, starved_count; /* found no buffer */

/* What sends point to until they are submitted; a buffer is in one send at most, a connection has one. */
static struct msghdr *messages;
static struct iovec *pieces;
static int message_count, piece_count;

static char replies[REPLIES_MAX * REPLY_BYTES];

static struct io_uring_sqe *next_sqe(void) {
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
    if (sqe == NULL) {
        io_uring_submit(&ring);
        sqe = io_uring_get_sqe(&ring);
    }
    return sqe;
}

static uint64_t user_data(enum operation operation, int fd) {
    return (uint64_t) operation << 32 | (uint32_t) fd;
}

static void accept_clients(void) {
    struct io_uring_sqe *sqe = next_sqe();
    io_uring_prep_multishot_accept(sqe, listener, NULL, NULL, SOCK_CLOEXEC);
    sqe->user_data = user_data(ACCEPT, listener);
}

static void receive(int fd) {
    struct io_uring_sqe *sqe = next_sqe();
    io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = GROUP;
    sqe->user_data = user_data(RECEIVE, fd);
    connections[fd].receiving = true;
}

static char *bytes_of(int buffer) {
    return memory + (size_t) buffer * buffer_bytes;
}

static void recycle(int buffer) {
    io_uring_buf_ring_add(buffer_ring, bytes_of(buffer), buffer_bytes, buffer, io_uring_buf_ring_mask(buffer_count),
            recycled++);
    held--;
}

static void recycle_first(struct connection *connection) {
    int buffer = connection->first;
    connection->first = buffers[buffer].next;
    recycle(buffer);
}

static void mark_dirty(int fd) {
    if (!connections[fd].dirty) {
        connections[fd].dirty = true;
        dirty[dirty_count++] = fd;
    }
}

/* Ends the receive; closes when that has come. */
static void fail(int fd) {
    connections[fd].failed = true;
    shutdown(fd, SHUT_RDWR);
    mark_dirty(fd);
}

/* ---- what completes ------------------------------------------------------------------------------------------ */

static void accepted(int result, bool more) {
    if (result >= 0) {
        connections[result] = (struct connection) {.first = NONE};
        receive(result);
    }
    if (!more) {
        accept_clients();
    }
}

static void take(int fd, int buffer, int length) {
    struct connection *connection = &connections[fd];
    held++;
    if (workload == ECHO) {
        buffers[buffer].length = length;
        buffers[buffer].next = NONE;
        if (connection->first == NONE) {
            connection->first = buffer;
        } else {
            buffers[connection->last].next = buffer;
        }
        connection->last = buffer;
        mark_dirty(fd);
        return;
    }
    if (workload == HTTP) {
        int requests = count_requests(&connection->heads, bytes_of(buffer), length);
        if (requests == MALFORMED) {
            fail(fd);
        } else if (requests > 0) {
            connection->replies += requests;
            mark_dirty(fd);
        }
    }
    recycle(buffer);
}

static void received(int fd, int result, unsigned flags) {
    struct connection *connection = &connections[fd];
    if (result > 0) {
        take(fd, flags >> IORING_CQE_BUFFER_SHIFT, result);
        if (!(flags & IORING_CQE_F_MORE)) {
            receive(fd);
        }
    } else if (result == -ENOBUFS) {
        starved[starved_count++] = fd;
    } else {
        connection->receiving = false;
        connection->failed |= result < 0;
        mark_dirty(fd);
    }
}

static void sent(int fd, int result) {
    struct connection *connection = &connections[fd];
    for (; workload == ECHO && connection->sending > 0; connection->sending--) {
        recycle_first(connection);
    }
    connection->sending = 0;
    if (result < 0) {
        fail(fd);
    }
    mark_dirty(fd);
}

static void completed(const struct io_uring_cqe *cqe) {
    int fd = (int) (uint32_t) cqe->user_data;
    switch ((enum operation) (cqe->user_data >> 32)) {
    case ACCEPT: accepted(cqe->res, cqe->flags & IORING_CQE_F_MORE); break;
    case RECEIVE: received(fd, cqe->res, cqe->flags); break;
    case SEND: sent(fd, cqe->res); break;
    case CLOSE: break;
    }
}

/* ---- at the end of a batch ----------------------------------------------------------------------------------- */

static void send_bytes(int fd, const void *bytes, size_t length) {
    struct io_uring_sqe *sqe = next_sqe();
    io_uring_prep_send(sqe, fd, bytes, length, MSG_WAITALL | MSG_NOSIGNAL);
    sqe->user_data = user_data(SEND, fd);
}

/* Everything that waits, up to a limit, in one send. */
static void send_buffers(int fd) {
    struct connection *connection = &connections[fd];
    int first = connection->first;
    if (buffers[first].next == NONE) {
        connection->sending = 1;
        send_bytes(fd, bytes_of(first), buffers[first].length);
        return;
    }
    struct msghdr *message = &messages[message_count++];
    *message = (struct msghdr) {.msg_iov = &pieces[piece_count]};
    for (int buffer = first; buffer != NONE && message->msg_iovlen < GATHER_MAX; buffer = buffers[buffer].next) {
        pieces[piece_count++] = (struct iovec) {bytes_of(buffer), buffers[buffer].length};
        message->msg_iovlen++;
    }
    connection->sending = (int) message->msg_iovlen;
    struct io_uring_sqe *sqe = next_sqe();
    io_uring_prep_sendmsg(sqe, fd, message, MSG_WAITALL | MSG_NOSIGNAL);
    sqe->user_data = user_data(SEND, fd);
}

static void send_replies(int fd) {
    struct connection *connection = &connections[fd];
    connection->sending = connection->replies < REPLIES_MAX ? connection->replies : REPLIES_MAX;
    connection->replies -= connection->sending;
    send_bytes(fd, replies, connection->sending * REPLY_BYTES);
}

static void close_connection(int fd) {
    while (connections[fd].first != NONE) {
        recycle_first(&connections[fd]);
    }
    connections[fd].closing = true;
    struct io_uring_sqe *sqe = next_sqe();
    io_uring_prep_close(sqe, fd);
    sqe->user_data = user_data(CLOSE, fd);
}

/* Sends what waits; when there is nothing and the peer has ended, closes. Nothing of it is in flight then. */
static void flush(int fd) {
    struct connection *connection = &connections[fd];
    connection->dirty = false;
    if (connection->sending > 0 || connection->closing) {
        return;
    }
    if (connection->first != NONE && !connection->failed) {
        send_buffers(fd);
    } else if (connection->replies > 0 && !connection->failed) {
        send_replies(fd);
    } else if (!connection->receiving) {
        close_connection(fd);
    }
}

static void end_batch(void) {
    message_count = piece_count = 0;
    for (int i = 0; i < dirty_count; i++) {
        flush(dirty[i]);
    }
    dirty_count = 0;
    if (recycled > 0) {
        io_uring_buf_ring_advance(buffer_ring, recycled);
        recycled = 0;
    }
    while (starved_count > 0 && held < buffer_count) {
        receive(starved[--starved_count]);
    }
}

/* ---- start --------------------------------------------------------------------------------------------------- */

static void open_ring(void) {
    struct io_uring_params params = {
        .flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
        .cq_entries = CQ_ENTRIES,
    };
    int result = io_uring_queue_init_params(SQ_ENTRIES, &ring, &params);
    if (result < 0) {
        die("io_uring_queue_init_params", -result);
    }
    result = io_uring_register_ring_fd(&ring);
    if (result < 0) {
        die("io_uring_register_ring_fd", -result);
    }
}

static void *map(size_t bytes) {
    void *address = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == MAP_FAILED) {
        die("mmap", errno);
    }
    return address;
}

static void register_buffers(void) {
    buffer_ring = map(buffer_count * sizeof(struct io_uring_buf));
    memory = map((size_t) buffer_count * buffer_bytes);
    struct io_uring_buf_reg registration = {
        .ring_addr = (uintptr_t) buffer_ring, .ring_entries = buffer_count, .bgid = GROUP};
    int result = io_uring_register_buf_ring(&ring, &registration, 0);
    if (result < 0) {
        die("io_uring_register_buf_ring", -result);
    }
    held = buffer_count;
    for (int i = 0; i < buffer_count; i++) {
        recycle(i);
    }
    end_batch();
}

int main(int argc, char **argv) {
    struct options options = parse(argc, argv);
    workload = options.workload;
    buffer_count = options.buffers;
    buffer_bytes = options.buffer_bytes;
    buffers = map(buffer_count * sizeof *buffers);
    pieces = map(buffer_count * sizeof *pieces);
    int descriptors = raise_descriptors();
    connections = map(descriptors * sizeof *connections);
    dirty = map(descriptors * sizeof *dirty);
    starved = map(descriptors * sizeof *starved);
    messages = map(descriptors * sizeof *messages);
    for (int i = 0; i < REPLIES_MAX; i++) {
        memcpy(replies + i * REPLY_BYTES, REPLY, REPLY_BYTES);
    }
    open_ring();
    register_buffers();
    listener = listening_socket(&options, 0);
    accept_clients();
    announce(listener, "io_uring");
    for (;;) {
        int result = io_uring_submit_and_wait(&ring, 1);
        if (result < 0 && result != -EINTR && result != -EAGAIN && result != -EBUSY) {
            die("io_uring_submit_and_wait", -result);
        }
        struct io_uring_cqe *cqe;
        unsigned head, count = 0;
        io_uring_for_each_cqe(&ring, head, cqe) {
            completed(cqe);
            count++;
        }
        io_uring_cq_advance(&ring, count);
        end_batch();
    }
}
