package io.hotpath.kernel.epoll;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Descriptors whose requests may make progress, each once, first in first out. Ring thread. */
final class ReadyQueue {
    private @Nullable Descriptor first;
    private @Nullable Descriptor last;
    private int size;

    boolean isEmpty() {
        return first == null;
    }

    int size() {
        return size;
    }

    void add(Descriptor descriptor) {
        if (descriptor.inReady) {
            return;
        }
        descriptor.inReady = true;
        if (last == null) {
            first = descriptor;
        } else {
            last.nextReady = descriptor;
        }
        last = descriptor;
        size++;
    }

    Descriptor remove() {
        Descriptor descriptor = Objects.requireNonNull(first);
        first = descriptor.nextReady;
        if (first == null) {
            last = null;
        }
        descriptor.nextReady = null;
        descriptor.inReady = false;
        size--;
        return descriptor;
    }
}
