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
import org.junit.jupiter.params.provider.EnumSource;

/**
 * {@code docs/seccomp/permit-io-uring.sh} adds exactly the three system calls, and an engine runs under what it writes.
 * Docker's own profile is given with {@code -Dhotpath.seccompDefault=default.json}.
 */
@Tag("forked")
final class SeccompProfileIT {
    private static final Path SCRIPT = Path.of("..", "docs", "seccomp", "permit-io-uring.sh");
    private static final Set<String> THREE = Set.of("io_uring_setup", "io_uring_enter", "io_uring_register");
    private static final long SCRIPT_SECONDS = 10;

    @TempDir private Path directory;

    /** Where the profile to add to comes from. */
    enum Default {
        /** Every call of this architecture but the three, with each kind of condition: always there. */
        OURS,
        /** What {@code -Dhotpath.seccompDefault} names, meant for Docker's. */
        GIVEN,
        /** Podman's, where it is installed. */
        PODMAN;

        Path file(Path directory) throws IOException {
            Path file = switch (this) {
                case OURS -> Files.writeString(directory.resolve("ours.json"), ours());
                case GIVEN -> Path.of(System.getProperty("hotpath.seccompDefault", "-Dhotpath.seccompDefault"));
                case PODMAN -> Path.of("/usr/share/containers/seccomp.json");
            };
            Tools.require(Files.isReadable(file), "no default profile at " + file);
            return file;
        }

        private static String ours() {
            requireTable();
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
    }

    @ParameterizedTest
    @EnumSource(Default.class)
    void differenceIsExactlyTheThreeCalls(Default from) throws Exception {
        Path original = from.file(directory);
        SeccompProfile before = SeccompProfile.read(original);
        SeccompProfile after = SeccompProfile.read(permit(original));

        Set<String> added = new TreeSet<>(after.permitted());
        added.removeAll(before.permitted());
        assertThat(added).containsExactlyInAnyOrderElementsOf(THREE);
        assertThat(after.permitted()).containsAll(before.permitted());
        assertThat(after.defaultErrno()).isEqualTo(before.defaultErrno());
        assertThat(after.rules().getFirst().names()).containsExactlyInAnyOrderElementsOf(THREE);
        assertThat(after.rules().subList(1, after.rules().size())).isEqualTo(before.rules());
        assertThat(withoutBlanks(Files.readString(directory.resolve("hotpath.json")).replaceFirst(
                "\\{[^{}]*io_uring_enter[^{}]*},", ""))).isEqualTo(withoutBlanks(Files.readString(original)));
    }

    @ParameterizedTest
    @EnumSource(Default.class)
    void formForTheRuntimeMeansTheSame(Default from) throws Exception {
        requireTable();
        Tools.require("jq");
        Path original = from.file(directory);
        SyscallTable table = SyscallTable.read();

        Bpf conditions = SeccompProfile.read(permit(original)).compile(table);
        Bpf resolved = SeccompProfile.read(permit("--oci", "amd64", original.toString())).compile(table);

        assertThat(resolved.bytes()).isEqualTo(conditions.bytes());
    }

    @ParameterizedTest
    @EnumSource(Default.class)
    void engineRunsUnderItAndNotWithoutIt(Default from) throws Exception {
        requireTable();
        Path original = from.file(directory);
        Path permitted = permit(original);
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
        try (Child child = Child.start()) {
            ClosingAudit before = ClosingAudit.of(child.pid());
            Answer raw = child.ask("profile " + permitted);
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
