package io.hotpath.bench.run;

import java.util.List;
import java.util.Optional;

/**
 * What a result file holds: every sample, from which tables and charts are made.
 *
 * @param name     of its files, without an ending
 * @param date     day on which it was begun, in UTC
 * @param revision of the sources
 * @param seconds  length of a window
 * @param complete false while it is being measured, and for ever if it was given up
 */
public record Result(
        String name, String date, String revision, Machine machine, int rounds, double seconds, boolean complete,
        List<ServerFacts> servers, List<Measurement> measurements) {

    /** What the others are compared with, if it was measured. */
    Optional<ServerFacts> reference() {
        return servers.stream().findFirst();
    }

    Optional<ServerFacts> server(String id) {
        return servers.stream().filter(server -> server.id().equals(id)).findFirst();
    }
}
