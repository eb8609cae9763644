package io.hotpath.kernel.sim;

import java.util.List;
import java.util.SplittableRandom;

/** The only source of chance in a simulation. What can never happen draws nothing, so calm runs stay comparable. */
final class Dice {
    private final SplittableRandom random;

    Dice(long seed) {
        this.random = new SplittableRandom(seed);
    }

    boolean chance(double probability) {
        return probability > 0 && random.nextDouble() < probability;
    }

    boolean coin() {
        return random.nextBoolean();
    }

    /** A number in {@code 0..bound - 1}. */
    int below(int bound) {
        return bound == 1 ? 0 : random.nextInt(bound);
    }

    /** A number in {@code 1..max}. */
    int upTo(int max) {
        return 1 + below(max);
    }

    <T> void shuffle(List<T> list) {
        for (int i = list.size() - 1; i > 0; i--) {
            int j = below(i + 1);
            T moved = list.get(i);
            list.set(i, list.get(j));
            list.set(j, moved);
        }
    }
}
