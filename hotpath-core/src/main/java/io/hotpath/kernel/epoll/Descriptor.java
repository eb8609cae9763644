package io.hotpath.kernel.epoll;

import org.jspecify.annotations.Nullable;

/**
 * What is known of one descriptor number: the requests that wait for it, in order, and what the edges so far said. Kept for
 * the next owner of the number, so nothing here is believed before epoll has confirmed it. Ring thread.
 */
final class Descriptor {
    final int fd;

    /** Which registration this is; an event of an earlier one is dropped. */
    int generation;

    /** A receive or accept may find something: true from an edge until a call would block. */
    boolean readable;

    /** A send may find room. */
    boolean writable;

    /** The end or an error has been seen: only a receive that would block proves that nothing is left. */
    boolean thorough;

    /** The last receive filled all it was given. */
    boolean bulk;

    /** Events since the polls that wait here looked. */
    int events;

    /** It exists only because requests hold the file whose own number was closed. */
    boolean held;

    int armed;
    int sends;
    @Nullable Request first;
    @Nullable Request last;

    // links: ReadyQueue
    boolean inReady;
    @Nullable Descriptor nextReady;

    Descriptor(int fd) {
        this.fd = fd;
    }

    /** The number belongs to another file now. */
    void renew(int newGeneration) {
        generation = newGeneration;
        readable = false; // the registration reports at once what is there
        writable = true;
        thorough = false;
        bulk = false;
        events = 0;
    }

    void add(Request request) {
        request.descriptor = this;
        request.previous = last;
        if (last == null) {
            first = request;
        } else {
            last.next = request;
        }
        last = request;
        armed++;
        sends += request.sends() ? 1 : 0;
    }

    void remove(Request request) {
        if (request.previous == null) {
            first = request.next;
        } else {
            request.previous.next = request.next;
        }
        if (request.next == null) {
            last = request.previous;
        } else {
            request.next.previous = request.previous;
        }
        request.next = null;
        request.previous = null;
        request.descriptor = null;
        armed--;
        sends -= request.sends() ? 1 : 0;
    }
}
