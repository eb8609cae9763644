package io.hotpath.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README is the first code that a user copies. */
class ReadmeTest {
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    @TempDir Path classes;

    @Test
    void everyJavaBlockOfTheReadmeCompiles() throws IOException {
        everyJavaBlockCompiles("README.md");
    }

    @Test
    void everyJavaBlockAboutTestingCompiles() throws IOException {
        everyJavaBlockCompiles("docs/testing.md");
    }

    private void everyJavaBlockCompiles(String file) throws IOException {
        String text = Files.readString(top().resolve(file));
        List<String> blocks = JAVA_BLOCK.matcher(text).results().map(ReadmeTest::unit).toList();

        assertThat(blocks).hasSizeGreaterThanOrEqualTo(2);
        for (String block : blocks) {
            assertThat(errors(block)).as(block).isEmpty();
        }
    }

    /** A block without a class of its own is the body of a method. */
    private static String unit(MatchResult block) {
        String code = block.group(1);
        return code.contains("class ")
                ? code
                : "import io.hotpath.kernel.sim.*; import io.hotpath.reactor.*; import io.hotpath.reactor.HotpathEvent.*;"
                        + "import reactor.test.StepVerifier;\nclass Block { void run() {\n"
                        + code + "}}";
    }

    private List<String> errors(String code) throws IOException {
        Pattern name = Pattern.compile("class (\\w+)");
        String unit = name.matcher(code).results().findFirst().orElseThrow().group(1);
        JavaFileObject source = new SimpleJavaFileObject(
                URI.create("string:///" + unit + ".java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return code;
            }
        };
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();
        List<String> options = List.of("-cp", System.getProperty("java.class.path"), "-d", classes.toString());
        compiler.getTask(null, null, diagnostics, options, null, List.of(source)).call();
        List<String> errors = new ArrayList<>();
        for (Diagnostic<?> diagnostic : diagnostics.getDiagnostics()) {
            if (diagnostic.getKind() == Diagnostic.Kind.ERROR) {
                errors.add(diagnostic.toString());
            }
        }
        return errors;
    }

    private static Path top() {
        Path here = Path.of("").toAbsolutePath();
        while (!Files.exists(here.resolve("README.md"))) {
            here = here.getParent();
        }
        return here;
    }
}
