package io.hotpath.samples.webflux;

import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;

/** Server-sent events until the browser leaves. One that reads slowly misses ticks. */
@RestController
final class TickController {
    @GetMapping(path = "/ticks", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
    Flux<Long> ticks(@RequestParam(name = "every-millis", defaultValue = "1000") @Min(1) long everyMillis) {
        return Flux.interval(Duration.ofMillis(everyMillis)).onBackpressureDrop();
    }
}
