package io.hotpath.bench.run;

import io.hotpath.bench.Contender;
import io.hotpath.bench.Workload;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The servers of one workload, all of them running, one of them under load at a time. */
final class SideBySide implements AutoCloseable {
    private final List<RunningContender> servers = new ArrayList<>();
    private final List<Failure> failures = new ArrayList<>();

    /** Starts them one after the other. Who does not start is among {@link #failures}. */
    SideBySide(List<Contender> contenders, Workload workload, Path logs) {
        for (Contender contender : contenders) {
            try {
                servers.add(new RunningContender(contender, workload, logs, Map.of()));
            } catch (IOException | IllegalStateException failed) {
                failures.add(new Failure(contender.id(), String.valueOf(failed.getMessage())));
            }
        }
    }

    List<RunningContender> servers() {
        return List.copyOf(servers);
    }

    List<Failure> failures() {
        return List.copyOf(failures);
    }

    @Override
    public void close() {
        servers.forEach(RunningContender::close);
    }
}
