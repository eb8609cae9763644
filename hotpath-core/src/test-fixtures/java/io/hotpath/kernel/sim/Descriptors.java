package io.hotpath.kernel.sim;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The descriptor table: the lowest free number is given out first and at once again, as on Linux. */
final class Descriptors {
    private static final int FIRST = 3;

    private final List<@Nullable SimFile> files = new ArrayList<>();
    private final BitSet used = new BitSet();

    /** Numbers are below it, as with {@code RLIMIT_NOFILE}. */
    int limit = 1 << 20;

    Descriptors() {
        used.set(0, FIRST);
        for (int i = 0; i < FIRST; i++) {
            files.add(null);
        }
    }

    /** Whether a number below {@code max} is free. */
    boolean roomBelow(int max) {
        return used.nextClearBit(0) < max;
    }

    /** Gives {@code file} the lowest free number and holds it. */
    int open(SimFile file) {
        int fd = used.nextClearBit(0);
        used.set(fd);
        if (fd == files.size()) {
            files.add(file);
        } else {
            files.set(fd, file);
        }
        file.hold();
        return fd;
    }

    /** The file behind {@code fd}, null if there is none. */
    @Nullable
    SimFile file(int fd) {
        return fd < 0 || fd >= files.size() ? null : files.get(fd);
    }

    /** The first number whose file is {@code wanted}, -1 without one. */
    int find(Predicate<SimFile> wanted) {
        for (int fd = FIRST; fd < files.size(); fd++) {
            SimFile file = files.get(fd);
            if (file != null && wanted.test(file)) {
                return fd;
            }
        }
        return -1;
    }

    /** Frees the number; false if it is not open. */
    boolean close(int fd) {
        SimFile file = file(fd);
        if (file == null) {
            return false;
        }
        files.set(fd, null);
        used.clear(fd);
        file.drop();
        return true;
    }

    int open() {
        return used.cardinality() - FIRST;
    }
}
