package io.hotpath.bench;

import io.hotpath.bench.server.CoreServer;
import io.hotpath.bench.server.NettyServer;
import io.hotpath.bench.server.ReactorNettyServer;
import io.hotpath.bench.server.ReactorServer;
import io.hotpath.bench.server.StreamServer;
import io.hotpath.bench.server.WebFluxServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Every server that can be measured. The C programs are in {@code target/c}, the peers in {@code peers/target}; a contender whose
 * program is not built is skipped.
 */
public final class Catalog {
    /** The same for every server on a JVM. */
    public static final List<String> JVM_FLAGS = List.of(
            "-XX:+UseSerialGC", "-Xms512m", "-Xmx512m", "--enable-native-access=ALL-UNNAMED");

    private static final Set<Workload> ALL = EnumSet.allOf(Workload.class);
    private static final List<String> TRANSPORTS = List.of("nio", "epoll", "io_uring");

    private final Path c;
    private final Path peers;
    private final Path java = Path.of(System.getProperty("java.home"), "bin", "java");

    /** @param benchmarks the directory of this module; its servers run on the JDK and the class path of this process */
    public Catalog(Path benchmarks) {
        c = benchmarks.resolve("target/c");
        peers = benchmarks.resolve("peers/target");
    }

    /** In the order in which tables show them; the first is what the others are compared with. */
    public List<Contender> contenders() {
        return Stream.of(reference(), ours(), netty(), reactorNetty(), vertx(), webFlux())
                .flatMap(List::stream)
                .toList();
    }

    private List<Contender> reference() {
        return List.of(
                reference("c-uring", "C io_uring", true, "uring"),
                reference("c-uring-bulk", "C io_uring, 64 KiB buffers", false,
                        "uring", "--buffers", "64", "--buffer-bytes", "65536"),
                reference("c-epoll", "C epoll, edge-triggered", false, "epoll"));
    }

    private List<Contender> ours() {
        List<Contender> all = new ArrayList<>();
        both(all, "core", "Hotpath core", CoreServer.class, ALL, true);
        all.add(core("core-bulk", "Hotpath core, 64 KiB buffers", EnumSet.of(Workload.ECHO, Workload.SINK),
                "--buffers", "64", "--buffer-bytes", "65536"));
        all.add(core("core-spin", "Hotpath core, busy polling 50 µs", EnumSet.of(Workload.ECHO),
                "--spin-micros", "50"));
        both(all, "reactor", "HotpathServer", ReactorServer.class, ALL, true);
        both(all, "stream", "completion stream", StreamServer.class, ALL, false);
        both(all, "netty-hotpath", "Netty on Hotpath", NettyServer.class, ALL, false);
        both(all, "reactor-netty-hotpath", "reactor-netty on Hotpath", ReactorNettyServer.class, ALL, true);
        both(all, "webflux-hotpath", "WebFlux on Hotpath", WebFluxServer.class, Set.of(Workload.HTTP), false);
        return all;
    }

    private List<Contender> netty() {
        List<Contender> all = peer("netty", "Netty", "NettyPeer", ALL, Set.of());
        all.add(peer("netty-io_uring-ring", "Netty io_uring with buffer ring", "NettyPeer", "io_uring-ring", ALL,
                false));
        return all;
    }

    private List<Contender> reactorNetty() {
        return peer("reactor-netty", "reactor-netty", "ReactorNettyPeer", ALL, Set.of("epoll"));
    }

    private List<Contender> vertx() {
        return peer("vertx", "Vert.x", "VertxPeer", ALL, Set.of());
    }

    private List<Contender> webFlux() {
        return peer("webflux", "WebFlux", "WebFluxPeer", Set.of(Workload.HTTP), Set.of());
    }

    private Contender reference(String id, String title, boolean inShortForm, String name, String... options) {
        Path binary = c.resolve(name);
        List<String> program = new ArrayList<>(List.of(binary.toString()));
        program.addAll(List.of(options));
        return new Contender(id, title, program, binary, ALL, inShortForm, false);
    }

    /** One of ours on io_uring, and on the epoll kernel as {@code id-epoll}. */
    private void both(
            List<Contender> all, String id, String title, Class<?> server, Set<Workload> workloads,
            boolean inShortForm) {
        String classPath = System.getProperty("java.class.path");
        List<String> uring = onJvm(classPath, server.getName(), "--kernel", "io_uring");
        List<String> epoll = onJvm(classPath, server.getName(), "--kernel", "epoll");
        all.add(new Contender(id, title, uring, java, workloads, inShortForm, true));
        all.add(new Contender(id + "-epoll", title + ", epoll kernel", epoll, java, workloads, false, true));
    }

    /** The engine on io_uring with other settings than its own. */
    private Contender core(String id, String title, Set<Workload> workloads, String... settings) {
        List<String> options = new ArrayList<>(List.of("--kernel", "io_uring"));
        options.addAll(List.of(settings));
        List<String> program = onJvm(
                System.getProperty("java.class.path"), CoreServer.class.getName(), options.toArray(String[]::new));
        return new Contender(id, title, program, java, workloads, false, true);
    }

    /** @param inShortForm which transports are */
    private List<Contender> peer(
            String id, String title, String server, Set<Workload> workloads, Set<String> inShortForm) {
        return TRANSPORTS.stream()
                .map(transport -> peer(id + "-" + transport, title + " " + transport, server, transport, workloads,
                        inShortForm.contains(transport)))
                .collect(Collectors.toCollection(ArrayList::new));
    }

    private Contender peer(
            String id, String title, String server, String transport, Set<Workload> workloads, boolean inShortForm) {
        Path classPath = peers.resolve("classpath");
        List<String> program = onJvm(
                classPath(classPath, transport), "io.hotpath.bench.peer." + server, "--transport", transport);
        return new Contender(id, title, program, classPath, workloads, inShortForm, true);
    }

    /** reactor-netty takes io_uring whenever its natives are there, so they are there only where they are measured. */
    private String classPath(Path file, String transport) {
        if (!Files.exists(file)) {
            return "";
        }
        try {
            String jars = Arrays.stream(Files.readString(file).split(":", -1))
                    .filter(jar -> transport.startsWith("io_uring") || !jar.contains("native-io_uring"))
                    .collect(Collectors.joining(":"));
            return peers.resolve("classes") + ":" + jars;
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private List<String> onJvm(String classPath, String server, String... options) {
        List<String> program = new ArrayList<>(List.of(java.toString()));
        program.addAll(JVM_FLAGS);
        program.addAll(List.of("-cp", classPath, server));
        program.addAll(List.of(options));
        return program;
    }
}
