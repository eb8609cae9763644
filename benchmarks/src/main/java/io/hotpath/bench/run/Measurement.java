package io.hotpath.bench.run;

import java.util.List;

/** All of one scenario. */
public record Measurement(Scenario scenario, List<Sample> samples, List<Extra> extras, List<Failure> failures) {
    /** The samples of one contender, by round. */
    List<Sample> of(String contender) {
        return samples.stream().filter(sample -> sample.contender().equals(contender)).toList();
    }

    /** The median of a metric over the rounds, with its interval. */
    Spread median(String contender, Metric metric) {
        return Spread.of(of(contender).stream().mapToDouble(metric::of).toArray());
    }

    /** The ratio of two contenders in each round that has both; the median, with its interval. */
    Spread ratio(String contender, String base, Metric metric) {
        List<Sample> bases = of(base);
        return Spread.of(of(contender).stream()
                .flatMapToDouble(sample -> bases.stream()
                        .filter(other -> other.round() == sample.round())
                        .mapToDouble(other -> metric.of(sample) / metric.of(other)))
                .toArray());
    }
}
