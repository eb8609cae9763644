package io.hotpath.faults;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A copy of a child's classes that every user may read, wherever the checkout lies. */
final class ReadableClasses implements AutoCloseable {
    private final Path directory;

    private ReadableClasses(Path directory) {
        this.directory = directory;
    }

    static ReadableClasses copy() {
        try {
            Path directory = Files.createTempDirectory("hotpath-classes");
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
            int count = 0;
            for (String origin : Child.classPath().split(File.pathSeparator, -1)) {
                copy(Path.of(origin), directory.resolve(count++ + (origin.endsWith(".jar") ? ".jar" : "")));
            }
            return new ReadableClasses(directory);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** A child that runs from this copy. */
    Child child(List<String> wrapper) {
        try (Stream<Path> origins = Files.list(directory)) {
            String classPath = String.join(File.pathSeparator, origins.map(Path::toString).sorted().toList());
            List<String> command = new ArrayList<>(Child.command(wrapper, "-ea"));
            command.set(command.indexOf("-cp") + 1, classPath);
            return Child.running(command);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public void close() {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path copy = to.resolve(from.relativize(file).toString());
                Files.copy(file, copy);
                Files.setPosixFilePermissions(
                        copy, PosixFilePermissions.fromString(Files.isDirectory(copy) ? "rwxr-xr-x" : "rw-r--r--"));
            }
        }
    }
}
