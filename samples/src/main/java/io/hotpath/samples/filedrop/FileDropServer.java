package io.hotpath.samples.filedrop;

import io.hotpath.reactor.HotpathServer;
import java.nio.file.Path;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * A connection is an upload: what comes until its end is a file, the answer its name, length and SHA-256. One piece is asked for
 * when the one before is on the disk, so a slow disk closes the uploader's TCP window. Half a file is removed.
 */
final class FileDropServer {
    private FileDropServer() {}

    static HotpathServer create(Path directory, Disk disk) {
        return HotpathServer.create().handle((in, out) -> {
            Publisher<String> stored = Mono.usingWhen(
                    offLoop(Mono.fromCallable(() -> Upload.begin(directory))),
                    upload -> in.asByteArray()
                            .concatMap(bytes -> disk.write(upload, bytes), 1)
                            .then(offLoop(Mono.fromCallable(upload::finish))),
                    upload -> Mono.empty(),
                    (upload, failure) -> offLoop(Mono.fromRunnable(upload::discard)),
                    upload -> offLoop(Mono.fromRunnable(upload::discard)));
            return out.sendString(stored);
        });
    }

    private static <T> Mono<T> offLoop(Mono<T> blocking) {
        return blocking.subscribeOn(Schedulers.boundedElastic());
    }
}
