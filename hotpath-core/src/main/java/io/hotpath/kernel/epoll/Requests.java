package io.hotpath.kernel.epoll;

import io.hotpath.kernel.epoll.Request.Kind;
import org.jspecify.annotations.Nullable;

/**
 * The armed requests, in the order they came and by user data, and a pool of those that are done. Nothing is allocated once
 * as many were made as ever waited at the same time. Ring thread.
 */
final class Requests {
    private static final int BUCKETS_MIN = 64;
    private static final long MIX = 0x9E3779B97F4A7C15L;

    private @Nullable Request[] buckets = new Request[BUCKETS_MIN];
    private int shift = Long.numberOfLeadingZeros(BUCKETS_MIN) + 1;
    private int armed;
    private @Nullable Request first;
    private @Nullable Request last;
    private @Nullable Request free;

    /** A request of {@code kind} with what each SQE has; the rest is 0. */
    Request take(Kind kind, Sqe sqe) {
        Request request = free;
        if (request == null) {
            request = new Request();
        } else {
            free = request.next;
            request.next = null;
        }
        request.kind = kind;
        request.userData = sqe.userData();
        request.skipsSuccess = sqe.skipsSuccess();
        request.flags = sqe.opFlags();
        request.multishot = false;
        request.bundles = false;
        request.group = -1;
        request.address = 0;
        request.length = 0;
        request.cap = 0;
        request.done = 0;
        request.result = 0;
        return request;
    }

    void free(Request request) {
        assert request.descriptor == null;
        assert request.message == null;
        request.next = free;
        free = request;
    }

    /** Lets {@code request} wait for {@code descriptor}. */
    void arm(Request request, Descriptor descriptor) {
        descriptor.add(request);
        request.previousArmed = last;
        if (last == null) {
            first = request;
        } else {
            last.nextArmed = request;
        }
        last = request;
        armed++;
        if (armed > buckets.length) {
            grow();
        }
        index(request);
    }

    void disarm(Request request) {
        Descriptor descriptor = request.descriptor;
        if (descriptor == null) {
            return;
        }
        descriptor.remove(request);
        if (request.previousArmed == null) {
            first = request.nextArmed;
        } else {
            request.previousArmed.nextArmed = request.nextArmed;
        }
        if (request.nextArmed == null) {
            last = request.previousArmed;
        } else {
            request.nextArmed.previousArmed = request.previousArmed;
        }
        request.previousArmed = null;
        request.nextArmed = null;
        armed--;
        forget(request);
    }

    /** The oldest armed request, null without one. */
    @Nullable
    Request first() {
        return first;
    }

    /** An armed request with {@code userData}, of {@code kind} if that is not null. */
    @Nullable
    Request find(long userData, @Nullable Kind kind) {
        Request request = buckets[bucket(userData)];
        while (request != null && (request.userData != userData || (kind != null && request.kind != kind))) {
            request = request.nextInBucket;
        }
        return request;
    }

    private int bucket(long userData) {
        return (int) ((userData * MIX) >>> shift);
    }

    private void index(Request request) {
        int bucket = bucket(request.userData);
        request.nextInBucket = buckets[bucket];
        buckets[bucket] = request;
    }

    private void forget(Request request) {
        int bucket = bucket(request.userData);
        Request at = buckets[bucket];
        if (at == request) {
            buckets[bucket] = request.nextInBucket;
        } else {
            while (at != null && at.nextInBucket != request) {
                at = at.nextInBucket;
            }
            assert at != null : "a request that is armed is indexed";
            if (at != null) {
                at.nextInBucket = request.nextInBucket;
            }
        }
        request.nextInBucket = null;
    }

    private void grow() {
        buckets = new Request[2 * buckets.length];
        shift--;
        for (Request request = first; request != last && request != null; request = request.nextArmed) {
            index(request);
        }
    }
}
