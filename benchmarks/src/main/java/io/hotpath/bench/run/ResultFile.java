package io.hotpath.bench.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;
import tools.jackson.databind.json.JsonMapper;

/** A {@link Result} as JSON, Markdown and SVG beside each other. Written again after each scenario, so that nothing is lost. */
final class ResultFile {
    private static final JsonMapper JSON = JsonMapper.builder()
            .defaultPrettyPrinter(new DefaultPrettyPrinter(Separators.createDefaultInstance())
                    .withArrayIndenter(DefaultIndenter.SYSTEM_LINEFEED_INSTANCE)
                    .withObjectIndenter(new DefaultPrettyPrinter.FixedSpaceIndenter()))
            .build();

    private final Path json;

    ResultFile(Path json) {
        this.json = json;
    }

    Result read() {
        return JSON.readValue(json.toFile(), Result.class);
    }

    void write(Result result) {
        replace(json, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(result) + '\n');
        replace(json.resolveSibling(result.name() + ".md"), new Report(result).markdown());
        replace(json.resolveSibling(result.name() + ".svg"), new Chart(result).svg());
    }

    /** A file is there in whole or as it was. */
    private static void replace(Path file, String text) {
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        try {
            Files.createDirectories(fresh.getParent());
            Files.writeString(fresh, text);
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
