package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A page that says which test holds what is wrong as soon as the test has another name. */
final class FaultPlanTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern TEST = Pattern.compile("`(\\w+(?:Test|IT))`");

    @ParameterizedTest
    @ValueSource(strings = {"fault-plan.md", "reliability.md"})
    void everyTestThatItNamesExists(String page) throws IOException {
        Set<String> named = TEST.matcher(Files.readString(ROOT.resolve("docs").resolve(page))).results()
                .map(test -> test.group(1)).collect(Collectors.toCollection(TreeSet::new));
        Set<String> missing = new TreeSet<>(named);
        for (String module : new String[]{"hotpath-core", "hotpath-reactor", "samples"}) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src"))) {
                files.map(file -> file.getFileName().toString().replace(".java", "")).forEach(missing::remove);
            }
        }
        assertThat(named).hasSizeGreaterThan(20);
        assertThat(missing).as("tests that " + page + " names").isEmpty();
    }
}
