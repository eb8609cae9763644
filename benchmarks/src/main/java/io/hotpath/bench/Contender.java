package io.hotpath.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A server that can be measured: a process that is started with {@link #command}, prints {@code describe} lines and then {@code
 * listening on 127.0.0.1:PORT}, and serves until SIGTERM.
 *
 * @param id          short and stable: {@code core}, {@code netty-io_uring}
 * @param title       as it stands in a table
 * @param program     the program and its first arguments
 * @param needs       what has to be built before; a contender without it is skipped
 * @param workloads   what it can do
 * @param inShortForm whether the short form of the bench measures it
 * @param answers     whether it answers the line {@code stats} on its stdin with a line of counters
 */
public record Contender(
        String id,
        String title,
        List<String> program,
        Path needs,
        Set<Workload> workloads,
        boolean inShortForm,
        boolean answers) {

    /**
     * The whole command line for {@code workload} on 127.0.0.1 and {@code port}, where 0 picks one. More options may follow,
     * such as {@code --host 0.0.0.0} for a client that uses many addresses of the loopback network.
     */
    public List<String> command(int port, Workload workload) {
        List<String> command = new ArrayList<>(program);
        command.addAll(List.of("--port", Integer.toString(port), "--workload", workload.word()));
        return command;
    }
}
