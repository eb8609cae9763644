package io.hotpath.kernel.epoll;

import io.hotpath.Errno;
import io.hotpath.kernel.libc.Syscalls;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The descriptors by number, and their registration. Numbers are reused behind our back, by other rings and by {@code
 * close(2)}, so epoll is asked whose a number is whenever a request begins to wait: a steady connection, whose receive stays
 * armed, costs one call in its life. Ring thread.
 */
final class Descriptors {
    private static final int F_DUPFD_CLOEXEC = 1030;
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int O_NONBLOCK = 0x800;

    private final EpollRing ring;
    private final EpollSet set;
    private @Nullable Descriptor[] descriptors = new Descriptor[256];
    private int generation;

    Descriptors(EpollRing ring, EpollSet set) {
        this.ring = ring;
        this.set = set;
    }

    /** What is known of {@code fd}, null if nothing. */
    @Nullable
    Descriptor find(int fd) {
        return fd >= 0 && fd < descriptors.length ? descriptors[fd] : null;
    }

    /** Makes sure that epoll watches the file behind {@code fd}; 0 or {@code -errno}. */
    int watch(int fd) {
        if (fd < 0) {
            return -Errno.EBADF;
        }
        Descriptor descriptor = at(fd);
        if (descriptor.armed > 0) {
            int result = set.refresh(fd, descriptor.generation);
            if (result != -Errno.ENOENT) {
                return result;
            }
            orphan(descriptor);
        }
        int next = ++generation;
        int result = set.add(fd, next);
        if (result == 0) {
            descriptor.renew(next);
        }
        return result == -Errno.EEXIST ? 0 : result;
    }

    /** Lets epoll say again what is there now, in the next wait. */
    void refresh(Descriptor descriptor) {
        set.refresh(descriptor.fd, descriptor.generation);
    }

    Descriptor at(int fd) {
        if (fd >= descriptors.length) {
            descriptors = Arrays.copyOf(descriptors, Integer.highestOneBit(fd) << 1);
        }
        Descriptor descriptor = descriptors[fd];
        if (descriptor == null) {
            descriptor = new Descriptor(fd);
            descriptors[fd] = descriptor;
        }
        return descriptor;
    }

    /** The host gave this number out: whoever waited for it lost the file without telling this ring. */
    void opened(int fd) {
        Descriptor descriptor = find(fd);
        if (descriptor != null && descriptor.armed > 0) {
            orphan(descriptor);
        }
    }

    /**
     * Closes the number. Requests that wait for its file keep the file, as they do in io_uring: nothing is told to the peer,
     * and the number is free at once.
     */
    int close(int fd) {
        Descriptor descriptor = find(fd);
        if (descriptor != null && descriptor.armed > 0) {
            hold(descriptor);
        }
        return fd == set.fd() ? -Errno.EBADF : Syscalls.close(fd);
    }

    /** The last request that held a closed file is gone. */
    static void release(Descriptor descriptor) {
        if (descriptor.held) {
            descriptor.held = false;
            Syscalls.close(descriptor.fd);
        }
    }

    /** No call on {@code fd} blocks from now on; 0 or {@code -errno}. */
    static int neverBlock(int fd) {
        int flags = Syscalls.fcntl(fd, F_GETFL, 0);
        return flags < 0 || (flags & O_NONBLOCK) != 0 ? Math.min(flags, 0)
                : Syscalls.fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    }

    /** The ring ends: files that only requests held end with it. */
    void closeHeld() {
        for (Descriptor descriptor : descriptors) {
            if (descriptor != null) {
                release(descriptor);
            }
        }
    }

    private void hold(Descriptor from) {
        if (set.refresh(from.fd, from.generation) == -Errno.ENOENT) {
            orphan(from);
            return;
        }
        int copy = Syscalls.fcntl(from.fd, F_DUPFD_CLOEXEC, 0);
        if (copy < 0) {
            orphan(from);
            return;
        }
        opened(copy);
        set.remove(from.fd); // by number, which is another file's in a moment
        Descriptor to = at(copy);
        to.renew(++generation);
        to.writable = from.writable;
        to.thorough = from.thorough;
        to.held = true;
        Request request = from.first;
        while (request != null) {
            Request next = request.next;
            from.remove(request);
            to.add(request);
            request = next;
        }
        set.add(copy, to.generation);
    }

    private void orphan(Descriptor descriptor) {
        Request request = descriptor.first;
        while (request != null) {
            Request next = request.next;
            ring.cancel(request);
            request = next;
        }
    }
}
