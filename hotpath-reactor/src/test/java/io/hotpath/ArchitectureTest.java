package io.hotpath;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The adapters stand side by side on the engine (DESIGN.md, section 1). */
class ArchitectureTest {
    private static final JavaClasses ADAPTERS = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.hotpath.reactor", "io.hotpath.netty", "io.hotpath.spring", "io.hotpath.observe");

    @Test
    void reactorDoesNotKnowNetty() {
        noClasses().that().resideInAPackage("io.hotpath.reactor..")
                .should().dependOnClassesThat().resideInAnyPackage("io.hotpath.netty..", "io.hotpath.spring..")
                .allowEmptyShould(true)
                .check(ADAPTERS);
    }

    @Test
    void nettyDoesNotKnowReactor() {
        noClasses().that().resideInAPackage("io.hotpath.netty..")
                .should().dependOnClassesThat().resideInAnyPackage("io.hotpath.reactor..", "io.hotpath.spring..")
                .allowEmptyShould(true)
                .check(ADAPTERS);
    }

    @Test
    void whatIsSeenFromOutsideKnowsOnlyTheEngine() {
        noClasses().that().resideInAPackage("io.hotpath.observe..")
                .should().dependOnClassesThat()
                .resideInAnyPackage("io.hotpath.reactor..", "io.hotpath.netty..", "io.hotpath.spring..")
                .check(ADAPTERS);
        noClasses().that().resideOutsideOfPackages("io.hotpath.observe..", "io.hotpath.spring..")
                .should().dependOnClassesThat().resideInAPackage("io.hotpath.observe..")
                .check(ADAPTERS);
    }

    @Test
    void adaptersReachKernelsOnlyThroughTheEngine() {
        noClasses().should().dependOnClassesThat().resideInAPackage("io.hotpath.kernel..")
                .allowEmptyShould(true)
                .check(ADAPTERS);
    }
}
