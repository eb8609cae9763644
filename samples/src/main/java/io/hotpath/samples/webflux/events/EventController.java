package io.hotpath.samples.webflux.events;

import org.springframework.http.MediaType;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;

/** The second port's events for a browser, as fast as it reads them and no faster. */
@RestController
final class EventController {
    private final EventPort port;

    EventController(EventPort port) {
        this.port = port;
    }

    /** First a comment, so that the browser knows at once that it is being served. */
    @GetMapping(path = "/events", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
    Flux<ServerSentEvent<Arrival>> events() {
        Flux<ServerSentEvent<Arrival>> arrivals =
                port.arrivals().map(each -> ServerSentEvent.builder(each).event(each.event()).build());
        return arrivals.startWith(
                ServerSentEvent.<Arrival>builder().comment("events of port " + port.bound().port()).build());
    }
}
