package io.hotpath.engine;

import io.hotpath.ring.BufferPool;
import io.hotpath.ring.BufferRing;
import io.hotpath.ring.Ring;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The two groups of empty buffers that the kernel receives into: {@code [0, main)} for everybody, {@code [main, main +
 * reserve)} for who holds nothing. Each ring has its own; the buffers stay. Loop thread.
 */
final class BufferGroups {
    private final BufferPool pool;
    private final int mainCount;
    private final int reserveCount;
    private @Nullable BufferRing main;
    private @Nullable BufferRing reserve;

    BufferGroups(BufferPool pool, int mainCount, int reserveCount) {
        this.pool = pool;
        this.mainCount = mainCount;
        this.reserveCount = reserveCount;
    }

    /** Registers both with a new ring, empty. */
    void register(Ring ring) {
        BufferRing mainRing = BufferRing.register(ring, mainCount, EngineConfig.MAIN_GROUP);
        try {
            reserve = BufferRing.register(ring, reserveCount, EngineConfig.RESERVE_GROUP);
        } catch (RuntimeException failed) {
            mainRing.unregister();
            throw failed;
        }
        main = mainRing;
    }

    /** Takes both away from the kernel, which has ended every receive. */
    void unregister() {
        main().unregister();
        reserve().unregister();
    }

    /** The ring is closed, and both groups with it. */
    void forget() {
        main().forget();
        reserve().forget();
    }

    /** {@code buffer} is the kernel's once it is published. */
    void add(int buffer) {
        of(buffer).add(pool.address(buffer), pool.bufferBytes(), buffer);
    }

    /** The main buffer behind {@code buffer} in the group, where a bundle that began there goes on. */
    int following(int buffer) {
        return main().following(buffer);
    }

    /** A completion has named {@code buffer}. */
    void taken(int buffer) {
        of(buffer).taken();
    }

    /** One store-release per group. */
    void publish() {
        main().publish();
        reserve().publish();
    }

    /** Whether no completion that carried a buffer is missing. */
    boolean headsAgree() {
        return main().headAgrees() && reserve().headAgrees();
    }

    boolean inMain(int buffer) {
        return buffer < mainCount;
    }

    /** Main buffers that the kernel can take, those of the next publish included. */
    int mainAvailable() {
        return main().available();
    }

    /** Main buffers that the kernel holds, for gauges. */
    int mainFree() {
        return main().kernelHeld();
    }

    int reserveAvailable() {
        return reserve().available();
    }

    /** At least half of the main buffers are left. */
    boolean plentiful() {
        return main().available() >= mainCount / 2;
    }

    /** Fewer main buffers are left than the reserve has. */
    boolean scarce() {
        return main().available() < reserveCount;
    }

    private BufferRing of(int buffer) {
        return buffer < mainCount ? main() : reserve();
    }

    private BufferRing main() {
        return Objects.requireNonNull(main);
    }

    private BufferRing reserve() {
        return Objects.requireNonNull(reserve);
    }
}
