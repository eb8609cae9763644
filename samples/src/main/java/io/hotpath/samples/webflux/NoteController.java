package io.hotpath.samples.webflux;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Size;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Notes in memory, the newest {@link #NOTES_MAX} of them. */
@RestController
@RequestMapping("/notes")
final class NoteController {
    static final int NOTES_MAX = 10_000;

    record Note(long id, String text) {}

    record NewNote(@NotBlank @Size(max = 1000) String text) {}

    private final AtomicLong ids = new AtomicLong();
    private final ConcurrentSkipListMap<Long, Note> notes = new ConcurrentSkipListMap<>();

    @GetMapping
    Flux<Note> all() {
        return Flux.fromIterable(notes.values());
    }

    @GetMapping("/{id}")
    Mono<Note> one(@PathVariable("id") long id) {
        return Mono.justOrEmpty(notes.get(id))
                .switchIfEmpty(Mono.error(() -> new ResponseStatusException(HttpStatus.NOT_FOUND, "no note " + id)));
    }

    @PostMapping
    @ResponseStatus(HttpStatus.CREATED)
    Mono<Note> add(@Valid @RequestBody Mono<NewNote> body) {
        return body.map(text -> {
            Note note = new Note(ids.incrementAndGet(), text.text());
            notes.put(note.id(), note);
            forgetOldest();
            return note;
        });
    }

    private void forgetOldest() {
        while (notes.size() > NOTES_MAX) {
            Map.Entry<Long, Note> oldest = notes.pollFirstEntry();
            assert oldest != null;
        }
    }
}
