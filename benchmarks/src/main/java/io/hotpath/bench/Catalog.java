package io.hotpath.bench;

import io.hotpath.bench.server.CoreServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Every server that can be measured. */
public final class Catalog {
    /** The same for every server on a JVM. */
    public static final List<String> JVM_FLAGS = List.of(
            "-XX:+UseSerialGC", "-Xms512m", "-Xmx512m", "--enable-native-access=ALL-UNNAMED");

    private static final Set<Workload> ALL = EnumSet.allOf(Workload.class);

    private final Path c;
    private final String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    private final String classPath = System.getProperty("java.class.path");

    /** @param benchmarks the directory of this module; its servers run on the JDK and the class path of this process */
    public Catalog(Path benchmarks) {
        c = benchmarks.resolve("target/c");
    }

    /** In the order in which tables show them; the first is what the others are compared with. */
    public List<Contender> contenders() {
        return List.of(
                reference("c-uring", "C io_uring", "uring", true),
                reference("c-epoll", "C epoll, edge-triggered", "epoll", false),
                ours("core", "Hotpath core", CoreServer.class, true),
                ours("core-epoll", "Hotpath core, epoll kernel", CoreServer.class, false, "--kernel", "epoll"));
    }

    private Contender reference(String id, String title, String program, boolean inShortForm) {
        Path binary = c.resolve(program);
        return new Contender(id, title, List.of(binary.toString()), binary, ALL, inShortForm, false);
    }

    private Contender ours(String id, String title, Class<?> server, boolean inShortForm, String... options) {
        return onJvm(id, title, classPath, Path.of(java), server.getName(), ALL, inShortForm, options);
    }

    private Contender onJvm(
            String id, String title, String classes, Path needs, String server, Set<Workload> workloads,
            boolean inShortForm, String... options) {
        List<String> program = new ArrayList<>(List.of(java));
        program.addAll(JVM_FLAGS);
        program.addAll(List.of("-cp", classes, server));
        program.addAll(List.of(options));
        return new Contender(id, title, program, needs, workloads, inShortForm, true);
    }
}
