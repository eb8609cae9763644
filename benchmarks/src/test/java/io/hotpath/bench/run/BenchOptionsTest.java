package io.hotpath.bench.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.bench.Catalog;
import io.hotpath.bench.Contender;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class BenchOptionsTest {
    private static final List<Contender> CATALOG = new Catalog(Path.of(".")).contenders();

    @Test
    void theShortFormMeasuresWhatIsMarkedAndTheFullOneEverything() {
        assertThat(parse().contenders(CATALOG)).isNotEmpty().allMatch(Contender::inShortForm);
        assertThat(parse().scenarios()).isNotEmpty().allMatch(Scenario::inShortForm);
        assertThat(parse("--full").contenders(CATALOG)).isEqualTo(CATALOG);
        assertThat(parse("--full").scenarios()).isEqualTo(Scenarios.all());
    }

    @Test
    void contendersAreChosenByIdAndScenariosByHowTheyBegin() {
        BenchOptions options = parse("--only", "c-epoll,core", "--workload", "http,churn-64", "--verify");

        assertThat(options.contenders(CATALOG)).extracting(Contender::id).containsExactly("c-epoll", "core");
        assertThat(options.scenarios()).extracting(Scenario::id)
                .containsExactly("churn-64", "http-64", "http-256", "http-64x16");
        assertThat(options.scenarios()).allMatch(scenario -> scenario.load().verify());
    }

    @Test
    void namesThatNobodyHasAreRefusedWithThoseThatAreThere() {
        assertThatThrownBy(() -> parse("--only", "nobody").contenders(CATALOG)).hasMessageContaining("core");
        assertThatThrownBy(() -> parse("--workload", "nothing").scenarios()).hasMessageContaining("echo-64b-64");
        assertThatThrownBy(() -> parse("--rounds", "0")).hasMessageContaining("usage");
        assertThatThrownBy(() -> parse("--seconds", "none")).hasMessageContaining("usage");
        assertThatThrownBy(() -> parse("--seconds")).hasMessageContaining("needs a value");
        assertThatThrownBy(() -> parse("--unknown")).hasMessageContaining("unknown");
    }

    @Test
    void idsAreUniqueAndPairsAreInTheCatalog() {
        List<String> ids = CATALOG.stream().map(Contender::id).toList();

        assertThat(ids).doesNotHaveDuplicates();
        assertThat(Scenarios.all()).extracting(Scenario::id).doesNotHaveDuplicates();
        assertThat(Pair.ALL.stream().flatMap(pair -> Stream.of(pair.server(), pair.against()))).isSubsetOf(ids);
    }

    private static BenchOptions parse(String... args) {
        return BenchOptions.parse(args);
    }
}
