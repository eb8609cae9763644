package io.hotpath.samples.webflux;

import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.MediaType;
import org.springframework.http.codec.multipart.FilePartEvent;
import org.springframework.http.codec.multipart.PartEvent;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Takes files of any size, piece by piece: nothing is collected, in memory or on disk. */
@RestController
final class UploadController {
    record Uploaded(String name, long bytes, String sha256) {}

    @PostMapping(path = "/upload", consumes = MediaType.MULTIPART_FORM_DATA_VALUE)
    Flux<Uploaded> upload(@RequestBody Flux<PartEvent> body) {
        return body.windowUntil(PartEvent::isLast)
                .concatMap(part -> part.switchOnFirst((first, events) -> first.get() instanceof FilePartEvent file
                        ? sum(file.filename(), events)
                        : skip(events)));
    }

    private static Mono<Uploaded> sum(String name, Flux<PartEvent> events) {
        return events.collect(Sha256::new, (sum, event) -> sum.take(event.content()))
                .map(sum -> new Uploaded(name, sum.bytes(), sum.hex()));
    }

    /** A field of the form that is no file. */
    private static Mono<Uploaded> skip(Flux<PartEvent> events) {
        return events.doOnNext(event -> DataBufferUtils.release(event.content())).then(Mono.empty());
    }
}
