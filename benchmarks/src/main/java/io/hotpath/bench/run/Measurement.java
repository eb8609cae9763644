package io.hotpath.bench.run;

import java.util.Comparator;
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
        return ratioToBest(contender, List.of(base), metric);
    }

    /** The ratio to the best of {@code bases}, by their medians: the one with which it is hardest to compare. */
    Spread ratioToBest(String contender, List<String> bases, Metric metric) {
        Comparator<Spread> harder = Comparator.comparingDouble(Spread::median);
        List<Spread> ratios = bases.stream()
                .map(base -> inRounds(contender, base, metric))
                .filter(ratio -> !ratio.empty())
                .toList();
        return ratios.stream()
                .max(metric.higherIsBetter() ? harder.reversed() : harder)
                .orElse(Spread.of());
    }

    private Spread inRounds(String contender, String base, Metric metric) {
        List<Sample> others = of(base);
        return Spread.of(of(contender).stream()
                .flatMapToDouble(sample -> others.stream()
                        .filter(other -> other.round() == sample.round())
                        .mapToDouble(other -> metric.of(sample) / metric.of(other)))
                .filter(Double::isFinite)
                .toArray());
    }
}
