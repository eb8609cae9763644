package io.hotpath.kernel.epoll;

import org.jspecify.annotations.Nullable;

/**
 * A submission that waits for its descriptor. Pooled: from {@link Requests#take} to {@link Requests#free}. What an SQE
 * points to was copied, but for the payload. Ring thread.
 */
final class Request {
    /** What it does when its descriptor is ready. */
    enum Kind {
        ACCEPT, RECV, SEND, SENDMSG, CONNECT, POLL
    }

    Kind kind = Kind.POLL;
    long userData;
    boolean multishot;

    /** Receive: whether a completion may fill several buffers. */
    boolean bundles;

    boolean skipsSuccess;

    /** The flags of the system call; the events of a poll. */
    int flags;

    /** Receive: the buffer group, or -1 for the caller's memory at {@link #address}. */
    int group;

    /** Receive: where to. Send: where the rest begins. */
    long address;

    /** Receive: the most bytes per completion, 0 for the whole buffer. Send: all bytes. */
    int length;

    /** Receive: the bytes after which a multishot ends, 0 for no cap. */
    int cap;

    /** Bytes that were received or sent so far. */
    int done;

    /** The result of a cancelled request. */
    int result;

    /** The rest of a gathered send. */
    Messages.@Nullable Message message;

    // links: Requests and Descriptor
    @Nullable Descriptor descriptor;
    @Nullable Request next;
    @Nullable Request previous;
    @Nullable Request nextArmed;
    @Nullable Request previousArmed;
    @Nullable Request nextInBucket;

    boolean sends() {
        return kind == Kind.SEND || kind == Kind.SENDMSG;
    }
}
