package io.hotpath.faults;

import io.hotpath.Errno;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A seccomp profile as Docker, Podman and Kubernetes read it, and what it means on x86-64 for a container with Docker's
 * default capabilities: a call is permitted if any of its rules permits it, else it gets the default action.
 *
 * @param defaultErrno what a call without a rule gets
 * @see <a href="https://docs.docker.com/engine/security/seccomp/">Seccomp security profiles for Docker</a>
 */
record SeccompProfile(int defaultErrno, List<Rule> rules) {
    private static final int AUDIT_ARCH_X86_64 = 0xc000003e;
    private static final String ALLOW = "SCMP_ACT_ALLOW";
    private static final String ERRNO = "SCMP_ACT_ERRNO";
    private static final Set<String> DEFAULT_CAPABILITIES = Set.of(
            "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
            "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
            "CAP_AUDIT_WRITE");

    /** @param value2 what the masked argument must be, for {@code SCMP_CMP_MASKED_EQ} */
    record Argument(int index, String op, long value, long value2) {}

    /**
     * @param applies whether its conditions on architecture and capabilities are met
     * @param errno   what the calls get, 0 if they are permitted
     */
    record Rule(List<String> names, boolean applies, int errno, List<Argument> arguments) {}

    static SeccompProfile read(Path file) throws IOException {
        return parse(Files.readString(file));
    }

    static SeccompProfile parse(String json) {
        Map<?, ?> profile = map(Json.parse(json));
        if (!ERRNO.equals(profile.get("defaultAction"))) {
            throw new IllegalArgumentException(
                    "not an allow-list: its default action is " + profile.get("defaultAction"));
        }
        List<Rule> rules = new ArrayList<>();
        for (Object rule : list(profile.get("syscalls"))) {
            rules.add(rule(map(rule)));
        }
        return new SeccompProfile((int) number(profile.get("defaultErrnoRet"), Errno.EPERM), rules);
    }

    /** The names that some rule permits, whatever its conditions. */
    Set<String> permitted() {
        Set<String> names = new TreeSet<>();
        rules.stream().filter(rule -> rule.errno == 0).forEach(rule -> names.addAll(rule.names));
        return names;
    }

    /** The same as a filter. A rule that gives an errno comes after those that permit. */
    Bpf compile(SyscallTable table) {
        Bpf filter = new Bpf();
        filter.ifArchitectureIsNot(AUDIT_ARCH_X86_64).thenReturn(Bpf.RETURN_KILL);
        for (boolean permits : new boolean[]{true, false}) {
            for (Rule rule : rules) {
                if (rule.applies && (rule.errno == 0) == permits) {
                    compile(rule, table, filter);
                }
            }
        }
        return filter.thenReturn(Bpf.errno(defaultErrno));
    }

    private static void compile(Rule rule, SyscallTable table, Bpf filter) {
        for (String name : new HashSet<>(rule.names)) {
            Integer number = table.numbers().get(name);
            if (number != null) { // a call of another architecture
                filter.ifNumber(number);
                rule.arguments.forEach(argument -> compile(argument, filter));
                filter.thenReturn(rule.errno == 0 ? Bpf.RETURN_ALLOW : Bpf.errno(rule.errno));
            }
        }
    }

    private static void compile(Argument argument, Bpf filter) {
        int index = argument.index;
        switch (argument.op) {
            case "SCMP_CMP_EQ" -> filter.ifArgumentIs(index, -1L, argument.value);
            case "SCMP_CMP_MASKED_EQ" -> filter.ifArgumentIs(index, argument.value, argument.value2);
            case "SCMP_CMP_LT" -> filter.ifArgumentBelow(index, Math.toIntExact(argument.value));
            case "SCMP_CMP_GT" -> filter.ifArgumentAbove(index, Math.toIntExact(argument.value));
            default -> throw new IllegalArgumentException(argument.op);
        }
    }

    private static Rule rule(Map<?, ?> rule) {
        List<String> names = strings(rule.get("names"));
        int errno = ALLOW.equals(rule.get("action")) ? 0 : (int) number(rule.get("errnoRet"), Errno.EPERM);
        List<Argument> arguments = new ArrayList<>();
        for (Object argument : list(rule.get("args"))) {
            Map<?, ?> a = map(argument);
            arguments.add(new Argument(
                    (int) number(a.get("index"), 0), Objects.toString(a.get("op")), number(a.get("value"), 0),
                    number(a.get("valueTwo"), 0)));
        }
        return new Rule(names, applies(map(rule.get("includes")), map(rule.get("excludes"))), errno, arguments);
    }

    private static boolean applies(Map<?, ?> includes, Map<?, ?> excludes) {
        List<String> architectures = strings(includes.get("arches"));
        return (architectures.isEmpty() || architectures.contains("amd64"))
                && DEFAULT_CAPABILITIES.containsAll(strings(includes.get("caps")))
                && !strings(excludes.get("arches")).contains("amd64")
                && strings(excludes.get("caps")).stream().noneMatch(DEFAULT_CAPABILITIES::contains);
    }

    private static Map<?, ?> map(@Nullable Object value) {
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    private static List<?> list(@Nullable Object value) {
        return value instanceof List<?> list ? list : List.of();
    }

    private static List<String> strings(@Nullable Object value) {
        return list(value).stream().map(Object::toString).toList();
    }

    private static long number(@Nullable Object value, long missing) {
        return value instanceof Long number ? number : missing;
    }
}
