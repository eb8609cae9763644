package io.hotpath.kernel.libc;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** What a machine and a thread must be before anything here is called. */
public final class Host {
    private Host() {}

    /**
     * Passes on a 64-bit little-endian Linux.
     *
     * @throws UnsupportedOperationException if this is another machine
     */
    public static void requireLinux() {
        require(System.getProperty("os.name"), ValueLayout.ADDRESS.byteSize(), ByteOrder.nativeOrder());
    }

    /**
     * Passes on a thread of the system.
     *
     * @throws IllegalStateException if the calling thread is virtual
     */
    public static void requirePlatformThread() {
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException("a ring belongs to one thread of the system, a virtual thread moves between"
                    + " them: use a platform thread");
        }
    }

    static void require(String system, long addressBytes, ByteOrder order) {
        if (!system.equals("Linux") || addressBytes != Long.BYTES || order != ByteOrder.LITTLE_ENDIAN) {
            throw new UnsupportedOperationException("Hotpath needs Linux on a 64-bit little-endian processor, this is "
                    + system + " with " + 8 * addressBytes + "-bit addresses, " + order);
        }
    }
}
