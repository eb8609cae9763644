package io.hotpath.kernel.conformance;

import io.hotpath.kernel.RingSetup;
import java.util.function.Consumer;

/**
 * A small story that runs on every kernel.
 *
 * @param name  a sentence about behaviour
 * @param setup the ring it runs on
 * @param steps what happens
 */
record Scenario(String name, RingSetup setup, Consumer<Script> steps) {
    static final RingSetup RING = new RingSetup(64, 256, true);

    static Scenario of(String name, Consumer<Script> steps) {
        return new Scenario(name, RING, steps);
    }

    /** What completed, per lane. */
    String run(World world) {
        try (world; Script script = new Script(world, setup)) {
            steps.accept(script);
            return script.trace();
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
