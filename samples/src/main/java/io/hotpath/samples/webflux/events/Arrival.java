package io.hotpath.samples.webflux.events;

import io.hotpath.reactor.HotpathBuffer;
import io.hotpath.reactor.HotpathConnection;
import io.hotpath.reactor.HotpathEvent;
import io.hotpath.reactor.HotpathEvent.Accept;
import io.hotpath.reactor.HotpathEvent.Close;
import io.hotpath.reactor.HotpathEvent.Recv;
import io.hotpath.reactor.HotpathEvent.Send;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * An event as browsers are told it. It holds no buffer: the bytes have become text.
 *
 * @param event  {@code accept}, {@code recv}, {@code send} or {@code close}
 * @param peer   the address of the connection's other side
 * @param text   what was received, as UTF-8, in which a character that two receives share is broken; the cause of a failure
 */
public record Arrival(String event, String peer, String text) {
    /** Tells {@code event}, and lets its connection go on: a new one receives, and a buffer is the kernel's again. */
    static Arrival of(HotpathEvent event) {
        return switch (event) {
            case Accept(var _, var connection) -> {
                connection.startRecv();
                yield new Arrival("accept", peer(connection), "");
            }
            case Recv(var connection, var buffer) -> new Arrival("recv", peer(connection), text(buffer));
            case Send(var connection, var _, var _, var _) -> new Arrival("send", peer(connection), "");
            case Close(var connection, var cause) ->
                new Arrival("close", peer(connection), cause == null ? "" : String.valueOf(cause.getMessage()));
        };
    }

    private static String text(HotpathBuffer buffer) {
        String text = buffer.toString(StandardCharsets.UTF_8);
        buffer.release();
        return text;
    }

    private static String peer(HotpathConnection connection) {
        try {
            return connection.remoteAddress().toString().substring(1); // after the slash there is no name
        } catch (IOException gone) {
            return "unknown"; // it left before it was asked
        }
    }
}
