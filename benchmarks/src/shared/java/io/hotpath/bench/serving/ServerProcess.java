package io.hotpath.bench.serving;

import com.sun.management.ThreadMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A server under test as a process, until SIGTERM. Its stdout is
 *
 * <pre>
 * describe KEY=VALUE ...
 * listening on 127.0.0.1:PORT
 * </pre>
 *
 * and, for each line {@code stats} on its stdin, one line {@code stats KEY=NUMBER ...}: {@code allocated} bytes of all threads
 * since the start, {@code collections}, {@code collectionMillis}, and what the server itself counts. Numbers only grow.
 */
public final class ServerProcess {
    /** Starts a server and returns when it listens. */
    public interface Starter {
        RunningServer start(ServerOptions options) throws Exception;
    }

    private ServerProcess() {}

    /** Serves; does not return. Ends with 1 if it cannot serve, with 2 if it was called wrongly. */
    public static void run(String[] args, Starter starter) {
        try {
            serve(starter.start(ServerOptions.parse(args)));
        } catch (IllegalArgumentException wrong) {
            System.err.println(wrong.getMessage());
            System.err.println(ServerOptions.USAGE);
            System.exit(2);
        } catch (Exception failed) {
            failed.printStackTrace();
            System.exit(1);
        }
    }

    private static void serve(RunningServer server) throws IOException, InterruptedException {
        PrintStream out = System.out;
        out.println("describe java=" + Runtime.version() + " collector=" + collectors());
        out.println("describe " + pairs(server.facts()));
        out.println("listening on 127.0.0.1:" + server.port());
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String line = in.readLine();
        while (line != null) {
            if (line.equals("stats")) {
                out.println("stats " + pairs(counters(server)));
            }
            line = in.readLine();
        }
        Thread.currentThread().join(); // nobody asks any more; serves until the signal
    }

    private static Map<String, Long> counters(RunningServer server) {
        Map<String, Long> numbers = new LinkedHashMap<>();
        numbers.put("allocated", ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getTotalThreadAllocatedBytes());
        List<GarbageCollectorMXBean> collectors = ManagementFactory.getGarbageCollectorMXBeans();
        numbers.put("collections", collectors.stream().mapToLong(GarbageCollectorMXBean::getCollectionCount).sum());
        numbers.put("collectionMillis", collectors.stream().mapToLong(GarbageCollectorMXBean::getCollectionTime).sum());
        numbers.putAll(server.counters().get());
        return numbers;
    }

    private static String collectors() {
        return ManagementFactory.getGarbageCollectorMXBeans().stream()
                .map(collector -> collector.getName().replace(' ', '_'))
                .collect(Collectors.joining(","));
    }

    private static String pairs(Map<String, ?> map) {
        return map.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + entry.getValue())
                .collect(Collectors.joining(" "));
    }
}
