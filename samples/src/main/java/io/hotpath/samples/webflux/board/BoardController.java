package io.hotpath.samples.webflux.board;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** What the board shows, four times a second, and what its buttons do. A demonstration: anybody may press them. */
@RestController
@RequestMapping("/board")
final class BoardController {
    private static final Duration LOOK = Duration.ofMillis(250);
    private static final int BURST_PEERS = 8;
    private static final long BURST_BYTES = 4 << 20;
    private static final int FLOOD_PEERS = 4;
    private static final long FLOOD_BYTES = 256 << 20;

    private final Rings rings;
    private final Peers peers;

    BoardController(Rings rings, Peers peers) {
        this.rings = rings;
        this.peers = peers;
    }

    /** Everything on the board, and when that was: several looks may reach a browser at once. */
    record Board(long atNanos, List<Rings.Ring> rings, Peers.State peers) {}

    @GetMapping(produces = MediaType.TEXT_EVENT_STREAM_VALUE)
    Flux<Board> board() {
        return Flux.interval(Duration.ZERO, LOOK)
                .onBackpressureDrop()
                .map(tick -> new Board(System.nanoTime(), rings.all(), peers.state()));
    }

    /** A moment of traffic on the second port. */
    @PostMapping("/burst")
    @ResponseStatus(HttpStatus.ACCEPTED)
    Mono<Void> burst() {
        return start(BURST_PEERS, BURST_BYTES);
    }

    /** Enough of it to fill whatever lies between the peers and a browser that does not read. */
    @PostMapping("/flood")
    @ResponseStatus(HttpStatus.ACCEPTED)
    Mono<Void> flood() {
        return start(FLOOD_PEERS, FLOOD_BYTES);
    }

    @DeleteMapping("/flood")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    void endFlood() throws IOException {
        peers.stop();
    }

    @PostMapping("/failover")
    @ResponseStatus(HttpStatus.ACCEPTED)
    void failover() {
        rings.forceFailover();
    }

    /** Connecting blocks, so it is for another thread. */
    private Mono<Void> start(int count, long bytes) {
        return Mono.fromCallable(() -> peers.start(count, bytes))
                .subscribeOn(Schedulers.boundedElastic())
                .filter(started -> started)
                .switchIfEmpty(Mono.error(() -> new ResponseStatusException(
                        HttpStatus.TOO_MANY_REQUESTS, "the peers of before are still at it")))
                .then();
    }
}
