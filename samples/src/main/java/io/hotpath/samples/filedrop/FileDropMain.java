package io.hotpath.samples.filedrop;

import io.hotpath.samples.Program;
import java.nio.file.Path;

/** {@code ./hotpath filedrop [--port 7011] [--dir .] [--disk-kib-per-second 0]}; upload with {@code nc -N 127.0.0.1 7011 < file}. */
public final class FileDropMain {
    private FileDropMain() {}

    public static void main(String[] args) {
        Program.run("filedrop", "--port 7011 --dir . --disk-kib-per-second 0 --loops 1", args, options -> {
            long kib = options.number("--disk-kib-per-second", 0, Integer.MAX_VALUE);
            return FileDropServer.create(Path.of(options.text("--dir")), new Disk(kib << 10)).loops(options.loops());
        });
    }
}
