package io.hotpath;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import org.junit.jupiter.api.Test;

/** The direction of the layers (DESIGN.md, section 1). The simulated kernel counts as a kernel, the tests do not count. */
class ArchitectureTest {
    /** The simulated kernel is compiled next to its own tests. */
    private static final ImportOption MAIN_AND_SIM =
            location -> new ImportOption.DoNotIncludeTests().includes(location)
                    || (location.contains("/kernel/sim/")
                            && !location.contains("Test")
                            && !location.contains("/SqeDriver"));

    private static final JavaClasses CORE =
            new ClassFileImporter().withImportOption(MAIN_AND_SIM).importPackages("io.hotpath");

    @Test
    void classesAreRead() {
        assertThat(CORE.contain(Errno.class)).isTrue();
        assertThat(CORE.contain("io.hotpath.kernel.sim.SimKernel")).isTrue();
        assertThat(CORE.contain("io.hotpath.kernel.sim.SimKernelTest")).isFalse();
    }

    @Test
    void engineUsesRingAndRingUsesKernel() {
        layeredArchitecture().consideringOnlyDependenciesInLayers().withOptionalLayers(true)
                .layer("engine").definedBy("io.hotpath.engine..")
                .layer("ring").definedBy("io.hotpath.ring..")
                .layer("kernel").definedBy("io.hotpath.kernel")
                .layer("libc").definedBy("io.hotpath.kernel.libc..")
                .layer("linux").definedBy("io.hotpath.kernel.linux..")
                .layer("epoll").definedBy("io.hotpath.kernel.epoll..")
                .layer("sim").definedBy("io.hotpath.kernel.sim..")
                .whereLayer("engine").mayNotBeAccessedByAnyLayer()
                .whereLayer("ring").mayOnlyBeAccessedByLayers("engine")
                .whereLayer("linux").mayOnlyAccessLayers("kernel", "libc")
                .whereLayer("epoll").mayOnlyAccessLayers("kernel", "libc")
                .whereLayer("sim").mayOnlyAccessLayers("kernel")
                .whereLayer("libc").mayOnlyAccessLayers("kernel")
                .whereLayer("libc").mayOnlyBeAccessedByLayers("linux", "epoll")
                .whereLayer("kernel").mayNotAccessAnyLayer()
                .check(CORE);
    }

    @Test
    void sharedWordsUseNothingAboveThem() {
        classes().that().resideInAPackage("io.hotpath")
                .should().onlyDependOnClassesThat(resideInAPackage("io.hotpath")
                        .or(resideInAPackage("java..")).or(resideInAPackage("org.jspecify..")))
                .check(CORE);
    }

    @Test
    void coreUsesNothingButTheJdk() {
        classes().should().onlyDependOnClassesThat(resideInAPackage("io.hotpath..")
                .or(resideInAPackage("java..")).or(resideInAPackage("javax..")).or(resideInAPackage("jdk.."))
                .or(resideInAPackage("org.jspecify..")))
                .check(CORE);
    }

    @Test
    void slicesHaveNoCycles() {
        slices().matching("io.hotpath.(*)..").should().beFreeOfCycles().allowEmptyShould(true).check(CORE);
    }

    @Test
    void everyKernelIsInALayer() {
        classes().that().resideInAPackage("io.hotpath.kernel..")
                .should().resideInAnyPackage("io.hotpath.kernel", "io.hotpath.kernel.libc", "io.hotpath.kernel.linux",
                        "io.hotpath.kernel.epoll", "io.hotpath.kernel.sim")
                .check(CORE);
    }

    @Test
    void oneClassDeclaresEveryDowncall() {
        noClasses().that().doNotHaveFullyQualifiedName("io.hotpath.kernel.libc.Syscalls")
                .should().dependOnClassesThat().belongToAnyOf(Linker.class, SymbolLookup.class)
                .allowEmptyShould(true)
                .check(CORE);
    }
}
