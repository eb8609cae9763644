package io.hotpath.bench.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a result looks like. To change it on purpose, put what the test found in place of the expected file. */
class ReportTest {
    @TempDir Path directory;

    @Test
    void theMarkdownIsAsExpected() throws IOException {
        assertThat(new Report(Results.small()).markdown()).isEqualTo(expected("small.md"));
    }

    @Test
    void theChartIsAsExpected() throws IOException {
        assertThat(new Chart(Results.small()).svg()).isEqualTo(expected("small.svg"));
    }

    @Test
    void theChartIsXml() throws Exception {
        byte[] svg = new Chart(Results.small()).svg().getBytes(UTF_8);
        assertThat(DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new ByteArrayInputStream(svg))
                .getDocumentElement().getTagName()).isEqualTo("svg");
    }

    @Test
    void aResultFileIsReadAsItWasWritten() {
        Path json = directory.resolve("results").resolve("2026-01-31-small.json");
        new ResultFile(json).write(Results.small());

        assertThat(new ResultFile(json).read()).isEqualTo(Results.small());
        assertThat(json.resolveSibling("2026-01-31-small.md")).exists();
        assertThat(json.resolveSibling("2026-01-31-small.svg")).exists();
    }

    @Test
    void aResultThatIsNotCompleteSaysSo() {
        Result small = Results.small();
        Result half = new Result(
                small.name(), small.date(), small.revision(), small.machine(), small.rounds(), small.seconds(), false,
                small.servers(), small.measurements());

        assertThat(new Report(half).markdown()).contains("Not complete");
        assertThat(new Report(small).markdown()).doesNotContain("Not complete");
    }

    @Test
    void aPageGetsTheTableBetweenItsMarkersAndKeepsTheRest() throws IOException {
        Path page = Files.createDirectories(directory.resolve("docs")).resolve("page.md");
        Files.writeString(page, """
                before
                <!-- bench: made by ./hotpath bench --publish, do not edit -->
                old
                <!-- end of bench -->
                after
                """);

        Publisher.publish(Results.small(), directory.resolve("results"), page, true);
        String once = Files.readString(page);
        Publisher.publish(Results.small(), directory.resolve("results"), page, true);

        assertThat(once)
                .startsWith("before\n<!-- bench")
                .endsWith("<!-- end of bench -->\nafter\n")
                .contains("| echo 64 B, 64 connections | 5,000 | 1.00 (0.90 – 1.05) |")
                .contains("(../results/2026-01-31-small.md)")
                .contains("(../results/2026-01-31-small.svg)")
                .doesNotContain("old");
        assertThat(Files.readString(page)).isEqualTo(once);
    }

    @Test
    void aPageWithoutMarkersIsRefused() {
        assertThatThrownBy(() -> Publisher.replaced("text", "table")).isInstanceOf(IllegalArgumentException.class);
    }

    private static String expected(String name) throws IOException {
        try (InputStream file = ReportTest.class.getResourceAsStream(name)) {
            return new String(Objects.requireNonNull(file, name).readAllBytes(), UTF_8);
        }
    }
}
