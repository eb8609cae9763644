package io.hotpath.bench.run;

/** A number that servers are compared by. */
enum Metric {
    /** Nanoseconds of server CPU per message. */
    CPU("CPU") {
        @Override
        double of(Sample sample) {
            return (double) sample.serverNanos() / sample.load().messages();
        }
    },
    /** Messages per second. */
    RATE("rate") {
        @Override
        double of(Sample sample) {
            return sample.load().messagesPerSecond();
        }
    },
    /** Megabytes per second. */
    THROUGHPUT("throughput") {
        @Override
        double of(Sample sample) {
            return sample.load().megabytesPerSecond();
        }
    },
    /** Microseconds in which half of the messages were answered. */
    P50("p50") {
        @Override
        double of(Sample sample) {
            return sample.load().p50Nanos() / 1e3;
        }
    },
    P99("p99") {
        @Override
        double of(Sample sample) {
            return sample.load().p99Nanos() / 1e3;
        }
    },
    P999("p99.9") {
        @Override
        double of(Sample sample) {
            return sample.load().p999Nanos() / 1e3;
        }
    },
    /** Context switches per message. */
    SWITCHES("switches") {
        @Override
        double of(Sample sample) {
            return (double) sample.switches() / sample.load().messages();
        }
    },
    /** The part of the time in which the generator was busy; near 1 it is what limits the rate. */
    GENERATOR("generator busy") {
        @Override
        double of(Sample sample) {
            return (double) sample.generatorNanos() / sample.load().nanos();
        }
    },
    /** Resident bytes of the server per connection. */
    MEMORY("resident bytes") {
        @Override
        double of(Sample sample) {
            return sample.connectionBytes();
        }
    };

    private final String word;

    Metric(String word) {
        this.word = word;
    }

    abstract double of(Sample sample);

    String word() {
        return word;
    }

    boolean higherIsBetter() {
        return this == RATE || this == THROUGHPUT;
    }
}
