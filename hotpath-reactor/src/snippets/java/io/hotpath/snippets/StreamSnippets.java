package io.hotpath.snippets;

import io.hotpath.reactor.Bound;
import io.hotpath.reactor.CompletionStream;
import io.hotpath.reactor.Connections;
import io.hotpath.reactor.HotpathConnection;
import io.hotpath.reactor.HotpathEvent;
import io.hotpath.reactor.HotpathEvent.Accept;
import io.hotpath.reactor.HotpathEvent.Close;
import io.hotpath.reactor.HotpathEvent.Recv;
import io.hotpath.reactor.HotpathEvent.Send;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import reactor.core.Disposable;
import reactor.core.scheduler.Schedulers;

/** What the Javadoc of the completion stream shows. */
final class StreamSnippets {
    private final Set<HotpathConnection> sessions = new HashSet<>();

    void echo() {
        // @start region="echo"
        CompletionStream.listen(7007)
                .doOnBound(bound -> System.out.println("listening on " + bound.address()))
                .transform(Connections.each(c -> c.send(c.receive())))
                .blockLast();
        // @end
    }

    void bound() {
        // @start region="bound"
        CompletableFuture<Bound> listening = new CompletableFuture<>();
        Disposable subscription = CompletionStream.listen(0)
                .doOnBound(listening::complete)
                .doOnError(listening::completeExceptionally)
                .transform(Connections.each(c -> c.send(c.receive())))
                .subscribe();
        Bound bound = listening.join(); // set once it listens
        System.out.println("listening on " + bound.address());
        bound.dispose(); // in order; subscription.dispose() would reset everybody at once
        bound.onDispose().block();
        // @end
        subscription.dispose();
    }

    void loops() {
        // @start region="loops"
        CompletionStream.listen(7007)
                .onLoops(4)
                .transformGroups(Connections.each(c -> c.send(c.receive())))
                .sequential()
                .blockLast();
        // @end
    }

    void discard() {
        // @start region="discard"
        CompletionStream.listen(7007)
                .filter(event -> !(event instanceof Send))
                .publishOn(Schedulers.single(), 16)
                .transform(HotpathEvent.releaseDiscarded()) // below the operators that may drop something
                .subscribe(event -> {
                    if (event instanceof Recv recv) {
                        recv.buffer().release();
                    }
                });
        // @end
    }

    void events() {
        // @start region="events"
        CompletionStream.listen(7007).subscribe(event -> {
            switch (event) {
                case Accept(var listener, var connection) -> {
                    sessions.add(connection);
                    connection.startRecv();
                }
                case Recv(var connection, var buffer) -> connection.send(buffer); // ownership moves: nothing to release
                case Send(var connection, var token, var bytes, var cause) -> {}
                case Close(var connection, var cause) -> sessions.remove(connection);
            }
        });
        // @end
    }
}
