package io.hotpath.samples.chat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hotpath.reactor.Frames;
import io.hotpath.reactor.HotpathServer;
import reactor.core.publisher.Mono;

/** One room: each line that a member sends goes to all of them, as {@code guest-3: hello}. */
final class ChatServer {
    static final int LINE_BYTES_MAX = 1024;

    private static final byte[] LINE_END = {'\n'};

    private ChatServer() {}

    static HotpathServer create() {
        Room room = new Room();
        return HotpathServer.create().handle((in, out) -> {
            Member member = room.join();
            Mono<Void> says = in.receive()
                    .transform(Frames.delimited(LINE_END, LINE_BYTES_MAX))
                    .map(line -> new String(line, UTF_8).strip())
                    .doOnNext(member::say)
                    .then()
                    .doFinally(end -> member.leave());
            return Mono.when(says, out.sendString(member.hears()));
        });
    }
}
