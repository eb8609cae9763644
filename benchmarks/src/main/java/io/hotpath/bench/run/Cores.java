package io.hotpath.bench.run;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Which core is whose: the server's event loop has core 0 for itself, the generator core 1. */
final class Cores {
    private static final int SERVER = 0;
    private static final int GENERATOR = 1;

    private Cores() {}

    /** {@code command} on the server's core. */
    static List<String> forServer(List<String> command) {
        List<String> pinned = new ArrayList<>(List.of("taskset", "-c", Integer.toString(SERVER)));
        pinned.addAll(command);
        return pinned;
    }

    /**
     * Moves this process, all threads of it, to the generator's core.
     *
     * @throws IllegalStateException if there is no second core or no taskset
     */
    static void pinGenerator() throws IOException, InterruptedException {
        String pid = Long.toString(ProcessHandle.current().pid());
        Process taskset = new ProcessBuilder("taskset", "-a", "-c", "-p", Integer.toString(GENERATOR), pid)
                .redirectErrorStream(true)
                .start();
        String said = new String(taskset.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (taskset.waitFor() != 0) {
            throw new IllegalStateException("a bench needs two cores, one for the server, one for the load: " + said);
        }
    }
}
