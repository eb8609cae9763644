package io.hotpath.bench.run;

/** A number that servers are compared by. */
enum Metric {
    /** Nanoseconds of server CPU per message. */
    CPU {
        @Override
        double of(Sample sample) {
            return (double) sample.serverNanos() / sample.load().messages();
        }
    },
    /** Messages per second. */
    RATE {
        @Override
        double of(Sample sample) {
            return sample.load().messagesPerSecond();
        }
    },
    /** Megabytes per second. */
    THROUGHPUT {
        @Override
        double of(Sample sample) {
            return sample.load().megabytesPerSecond();
        }
    },
    /** Microseconds in which half of the messages were answered. */
    P50 {
        @Override
        double of(Sample sample) {
            return sample.load().p50Nanos() / 1e3;
        }
    },
    P99 {
        @Override
        double of(Sample sample) {
            return sample.load().p99Nanos() / 1e3;
        }
    },
    P999 {
        @Override
        double of(Sample sample) {
            return sample.load().p999Nanos() / 1e3;
        }
    },
    /** Context switches per message. */
    SWITCHES {
        @Override
        double of(Sample sample) {
            return (double) sample.switches() / sample.load().messages();
        }
    },
    /** The part of the time in which the generator was busy; near 1 it is what limits the rate. */
    GENERATOR {
        @Override
        double of(Sample sample) {
            return (double) sample.generatorNanos() / sample.load().nanos();
        }
    },
    /** Resident bytes of the server per connection. */
    MEMORY {
        @Override
        double of(Sample sample) {
            return sample.connectionBytes();
        }
    };

    abstract double of(Sample sample);
}
