package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.Errno;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@code docs/seccomp/hotpath-containers.json} is Docker's default with exactly the three system calls more, and so is what
 * {@code permit-io-uring.sh} makes of any default; an engine runs under them. One more profile can be given with
 * {@code -Dhotpath.seccompDefault=default.json}.
 */
@Tag("forked")
final class SeccompProfileIT {
    private static final Path SHIPPED = Path.of("..", "docs", "seccomp", "hotpath-containers.json");
    private static final Path DOCKER = Path.of("..", "docs", "seccomp", "defaults", "docker.json");
    private static final Path PODMAN = Path.of("..", "docs", "seccomp", "defaults", "podman.json");
    private static final Path PODMAN_INSTALLED = Path.of("/usr/share/containers/seccomp.json");
    private static final Path SCRIPT = Path.of("..", "docs", "seccomp", "permit-io-uring.sh");
    private static final Set<String> THREE = Set.of("io_uring_setup", "io_uring_enter", "io_uring_register");
    private static final long SCRIPT_SECONDS = 10;

    @TempDir private static Path common;
    @TempDir private Path directory;

    /** The defaults to add to; what is installed or given here comes on top. */
    static List<Path> defaults() throws IOException {
        List<Path> profiles = new ArrayList<>(List.of(DOCKER, PODMAN));
        if (SyscallTable.exists()) {
            profiles.add(Files.writeString(common.resolve("ours.json"), ours()));
        }
        if (Files.isReadable(PODMAN_INSTALLED)) {
            profiles.add(PODMAN_INSTALLED);
        }
        String given = System.getProperty("hotpath.seccompDefault");
        if (given != null) {
            profiles.add(Path.of(given));
        }
        return profiles;
    }

    /** Every call of this architecture but the three, with each kind of condition. */
    private static String ours() {
        Set<String> names = new TreeSet<>(SyscallTable.read().numbers().keySet());
        names.removeAll(THREE);
        names.removeAll(Set.of("bpf", "clone", "clone3", "personality", "ptrace", "socket"));
        return """
                {
                    "defaultAction": "SCMP_ACT_ERRNO",
                    "defaultErrnoRet": 1,
                    "archMap": null,
                    "syscalls": [
                        {"names": ["%s"], "action": "SCMP_ACT_ALLOW"},
                        {"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_BPF"]}},
                        {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
                        {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "excludes": {"arches": ["s390x"]},
                            "args": [{"index": 0, "value": 2114060288, "op": "SCMP_CMP_MASKED_EQ"}]},
                        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38,
                            "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
                        {"names": ["socket"], "action": "SCMP_ACT_ALLOW",
                            "args": [{"index": 0, "value": 38, "op": "SCMP_CMP_LT"}]},
                        {"names": ["socket"], "action": "SCMP_ACT_ALLOW",
                            "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_GT"}]},
                        {"names": ["personality"], "action": "SCMP_ACT_ALLOW",
                            "args": [{"index": 0, "value": 4294967295, "op": "SCMP_CMP_EQ"}]}
                    ]
                }
                """.formatted(String.join("\", \"", names));
    }

    @Test
    void profileThatIsShippedIsDockersDefaultAndTheThreeCalls() throws Exception {
        assertThat(Files.mismatch(SHIPPED, permit(DOCKER))).as("what the script makes of docker.json").isEqualTo(-1);
        assertAddsTheThree(DOCKER, SHIPPED);
    }

    @ParameterizedTest
    @MethodSource("defaults")
    void differenceIsExactlyTheThreeCalls(Path original) throws Exception {
        assertAddsTheThree(original, permit(original));
    }

    private static void assertAddsTheThree(Path original, Path permitted) throws IOException {
        SeccompProfile before = SeccompProfile.read(original);
        SeccompProfile after = SeccompProfile.read(permitted);

        Set<String> added = new TreeSet<>(after.permitted());
        added.removeAll(before.permitted());
        assertThat(added).containsExactlyInAnyOrderElementsOf(THREE);
        assertThat(after.permitted()).containsAll(before.permitted());
        assertThat(after.defaultErrno()).isEqualTo(before.defaultErrno());
        assertThat(after.rules().getFirst().names()).containsExactlyInAnyOrderElementsOf(THREE);
        assertThat(after.rules().subList(1, after.rules().size())).isEqualTo(before.rules());
        assertThat(withoutBlanks(Files.readString(permitted).replaceFirst("\\{[^{}]*io_uring_enter[^{}]*},", "")))
                .isEqualTo(withoutBlanks(Files.readString(original)));
    }

    @ParameterizedTest
    @MethodSource("defaults")
    void formForTheRuntimeMeansTheSame(Path original) throws Exception {
        requireTable();
        Tools.require("jq");
        SyscallTable table = SyscallTable.read();

        Bpf conditions = SeccompProfile.read(permit(original)).compile(table);
        Bpf resolved = SeccompProfile.read(permit("--oci", "amd64", original.toString())).compile(table);

        assertThat(resolved.bytes()).isEqualTo(conditions.bytes());
    }

    @ParameterizedTest
    @MethodSource("defaults")
    void engineRunsUnderItAndNotWithoutIt(Path original) throws Exception {
        requireTable();
        String refusal = Errno.name(SeccompProfile.read(original).defaultErrno()); // Docker: EPERM, Podman: ENOSYS
        try (Child child = Child.start()) {
            ClosingAudit before = ClosingAudit.of(child.pid());
            Answer raw = child.ask("profile " + original);
            assertThat(raw.text("setup")).as(raw + child.errors()).isEqualTo(refusal);
            Answer refused = child.ask("open io_uring");
            assertThat(refused.text("reason")).as(refused.toString()).isEqualTo("BLOCKED");
            assertThat(refused.message()).contains("seccomp filter");
            before.requireNoMore();
        }
        assertEngineRunsUnder(permit(original));
    }

    @Test
    void engineRunsUnderTheProfileThatIsShipped() {
        requireTable();
        assertEngineRunsUnder(SHIPPED);
    }

    private static void assertEngineRunsUnder(Path profile) {
        try (Child child = Child.start()) {
            ClosingAudit before = ClosingAudit.of(child.pid());
            Answer raw = child.ask("profile " + profile);
            assertThat(raw.text("setup")).as(raw.toString()).isEqualTo("EINVAL"); // of the arguments, by io_uring itself
            Answer opened = child.ask("open io_uring");
            assertThat(opened.text("kernel")).as(opened.toString()).isEqualTo("io_uring");
            ChecksumClient.echo((int) opened.number("port"), 4 << 20, 425);
            assertThat(child.ask("close").text("leaks")).isEmpty();
            before.requireNoMore();
        }
    }

    @Test
    void refusesWhatNeedsNothing() throws Exception {
        Path open = Files.writeString(directory.resolve("open.json"), "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}");
        assertThat(run(directory.resolve("out"), open.toString())).isNotZero();

        Path twice = Files.writeString(directory.resolve("twice.json"), """
                {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
                    {"names": ["io_uring_setup"], "action": "SCMP_ACT_ALLOW"}]}
                """);
        assertThat(run(directory.resolve("out"), twice.toString())).isNotZero();
    }

    private Path permit(Path profile) throws Exception {
        return permit(profile.toString());
    }

    private Path permit(String... arguments) throws Exception {
        Path output = directory.resolve("hotpath.json");
        assertThat(run(output, arguments)).isZero();
        return output;
    }

    private static int run(Path output, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("sh", SCRIPT.toString()));
        command.addAll(List.of(arguments));
        Process script = new ProcessBuilder(command)
                .redirectOutput(output.toFile()).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        assertThat(script.waitFor(SCRIPT_SECONDS, TimeUnit.SECONDS)).isTrue();
        return script.exitValue();
    }

    private static void requireTable() {
        Tools.require(System.getProperty("os.arch").equals("amd64"), "the table of numbers is that of x86-64");
        Tools.require(SyscallTable.exists(), "no asm/unistd_64.h: install linux-libc-dev");
    }

    private static String withoutBlanks(String text) {
        return text.replaceAll("\\s", "");
    }
}
