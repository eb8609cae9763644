package io.hotpath.reactor;

import io.hotpath.Errno;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.BindException;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** The file that a Unix domain socket makes: it outlives a server that dies, and the next one is refused because of it. */
final class UnixPath {
    private static final System.Logger LOG = System.getLogger(HotpathServer.class.getName());
    private static final int S_IFMT = 0170000;
    private static final int S_IFSOCK = 0140000;

    private final Path path;

    /** Device and inode: the path may be another server's by the time this one ends. */
    private final Object file;

    private UnixPath(Path path, Object file) {
        this.path = path;
        this.file = file;
    }

    /**
     * Takes what a dead server left at {@code address} away, where blocking is allowed. Fails with {@code BindException} if it
     * is not a socket or somebody answers there. Nothing to do for other addresses.
     */
    static Mono<Void> free(SocketAddress address) {
        return address instanceof UnixDomainSocketAddress unix && !unix.getPath().toString().isEmpty()
                ? Mono.<Void>fromCallable(() -> {
                    free(unix);
                    return null;
                }).subscribeOn(Schedulers.boundedElastic())
                : Mono.empty();
    }

    private static void free(UnixDomainSocketAddress address) throws IOException {
        Path path = address.getPath();
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!isSocket(path)) {
            throw new BindException(Errno.text(Errno.EADDRINUSE) + ": " + path + " is not a socket");
        }
        if (answers(address)) {
            throw new BindException(Errno.text(Errno.EADDRINUSE) + ": " + path);
        }
        Files.deleteIfExists(path);
        LOG.log(Level.INFO, () -> "path=" + path + " state=left_over action=deleted");
    }

    private static boolean isSocket(Path path) throws IOException {
        int mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        return (mode & S_IFMT) == S_IFSOCK;
    }

    private static boolean answers(UnixDomainSocketAddress address) {
        try (SocketChannel probe = SocketChannel.open(address)) {
            return probe.isConnected();
        } catch (ConnectException refused) {
            return false;
        } catch (IOException unclear) {
            return true; // a full backlog, or no permission: not ours to delete
        }
    }

    /** Remembers the file that binding to {@code address} has made; {@code null} for other addresses. */
    static @Nullable UnixPath made(SocketAddress address) {
        if (!(address instanceof UnixDomainSocketAddress unix) || unix.getPath().toString().isEmpty()) {
            return null;
        }
        Object file = fileOf(unix.getPath());
        return file == null ? null : new UnixPath(unix.getPath(), file);
    }

    /** Deletes it, unless another file has its name by now. */
    void delete() {
        try {
            if (file.equals(fileOf(path))) {
                Files.deleteIfExists(path);
            }
        } catch (IOException kept) {
            LOG.log(Level.WARNING, () -> "path=" + path + " state=not_deleted", kept);
        }
    }

    private static @Nullable Object fileOf(Path path) {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).fileKey();
        } catch (IOException gone) {
            return null;
        }
    }
}
