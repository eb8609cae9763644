package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Network namespaces of children: each has its own, and ends with it. A cable joins two of them. */
final class Network {
    static final String SERVER = "10.77.0.1";
    static final String PEER = "10.77.0.2";

    private Network() {}

    /** A command that runs another one in a network of its own, in which there is only loopback. */
    static List<String> own() {
        Tools.requireRoot();
        Tools.require("unshare");
        Tools.require("nsenter");
        Tools.require("ip");
        return List.of("unshare", "--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh");
    }

    /** A command that runs another one in the network of {@code child}. */
    static List<String> of(Child child) {
        return List.of("nsenter", "--target", String.valueOf(child.pid()), "--net");
    }

    /** A cable between the two, {@code v0} at {@link #SERVER} and {@code v1} at {@link #PEER}. */
    static void cable(Child server, Child peer) {
        run(server, "ip link add v0 type veth peer name v1 netns " + peer.pid()
                + " && ip addr add " + SERVER + "/24 dev v0 && ip link set v0 up");
        run(peer, "ip addr add " + PEER + "/24 dev v1 && ip link set v1 up");
    }

    /** What a shell in the network of {@code child} prints. */
    static String run(Child child, String command) {
        try {
            List<String> words = new ArrayList<>(of(child));
            words.addAll(List.of("sh", "-c", command));
            Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(command + ": " + output).isZero();
            return output;
        } catch (IOException | InterruptedException failed) {
            throw new AssertionError(failed);
        }
    }

    /** A counter of {@code TcpExt} in the network of {@code child}. */
    static long counter(Child child, String name) {
        try {
            List<String> lines = Files.readAllLines(Path.of("/proc/" + child.pid() + "/net/netstat")).stream()
                    .filter(line -> line.startsWith("TcpExt:")).toList();
            int column = List.of(lines.get(0).split(" ", -1)).indexOf(name);
            return Long.parseLong(lines.get(1).split(" ", -1)[column]);
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }
}
