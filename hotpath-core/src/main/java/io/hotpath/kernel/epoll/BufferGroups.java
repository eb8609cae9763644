package io.hotpath.kernel.epoll;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The buffer rings of a ring by group, which is a 16-bit number. Ring thread. */
final class BufferGroups {
    private static final int ENTRIES_MAX = 32768;
    private static final int GROUP_MAX = 0xffff;
    private static final int PAGE_BYTES = 4096;

    private @Nullable BufferGroup[] groups = new BufferGroup[4];

    /** The buffer ring of {@code group}, null if there is none. */
    @Nullable
    BufferGroup at(int group) {
        return group < groups.length ? groups[group] : null;
    }

    int register(MemorySegment ring, int entries, int group) {
        boolean sized = entries > 0 && entries <= ENTRIES_MAX && Integer.bitCount(entries) == 1;
        boolean placed = ring.address() % PAGE_BYTES == 0 && ring.byteSize() >= entries * Abi.BUF_BYTES;
        if (!sized || !placed || group < 0 || group > GROUP_MAX) {
            return -Errno.EINVAL;
        }
        if (at(group) != null) {
            return -Errno.EEXIST;
        }
        if (group >= groups.length) {
            groups = Arrays.copyOf(groups, Integer.highestOneBit(group) << 1);
        }
        groups[group] = new BufferGroup(ring, entries);
        return 0;
    }

    int unregister(int group) {
        if (at(group) == null) {
            return -Errno.ENOENT;
        }
        groups[group] = null;
        return 0;
    }

    int head(int group) {
        BufferGroup found = at(group);
        return found == null ? -Errno.ENOENT : found.head();
    }
}
