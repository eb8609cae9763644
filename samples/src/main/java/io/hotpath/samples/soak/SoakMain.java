package io.hotpath.samples.soak;

import io.hotpath.samples.Options;
import java.time.Duration;

/** {@code ./hotpath soak [--minutes 10] [--seed 1]}: ends with 0 if all was well, with 1 if not. */
public final class SoakMain {
    private SoakMain() {}

    public static void main(String[] args) throws Exception {
        Options options;
        try {
            options = new Options("soak", "--minutes 10 --seed 1", args);
        } catch (IllegalArgumentException wrong) {
            System.err.println("soak: " + wrong.getMessage());
            System.exit(2);
            return;
        }
        Duration time = Duration.ofMinutes(options.number("--minutes", 1, 10_000));
        System.exit(new Soak(time, options.number("--seed", 0, Integer.MAX_VALUE)).run() ? 0 : 1);
    }
}
