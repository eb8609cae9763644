package io.hotpath.reactor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

/** What goes over a connection, in the log of whoever asks for it. */
@Timeout(60)
class WiretapTest {
    private static final String CATEGORY = "test.wiretap";

    @RegisterExtension final Servers servers = new Servers();

    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final Logger logger = Logger.getLogger(CATEGORY);
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord line) {
            lines.add(line.getMessage().replaceFirst("^connection \\S+ ", ""));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void listen() {
        logger.setUseParentHandlers(false);
        logger.setLevel(java.util.logging.Level.FINE);
        logger.addHandler(handler);
    }

    @AfterEach
    void leave() {
        logger.removeHandler(handler);
    }

    private String ask(HotpathServer server) {
        BoundServer bound = servers.bind(server.handle((in, out) -> out.sendString(
                in.aggregate(100).map(all -> "got " + new String(all, UTF_8))).shutdownOutput()));
        try (Peer peer = Peer.connect(bound.port())) {
            return new String(peer.write("Hi\n").end().readAll(), UTF_8);
        } finally {
            bound.disposeNow();
        }
    }

    @Test
    void showsHexadecimalBothWays() {
        assertThat(ask(Servers.local().wiretap(CATEGORY, Level.DEBUG, WiretapFormat.HEX))).isEqualTo("got Hi\n");
        String gap = " ".repeat(3 * 13 + 1 + 1);
        assertThat(lines).containsExactly(
                "READ 3 B" + System.lineSeparator() + "00000000  48 69 0a" + gap + "Hi.",
                "READ END",
                "WRITE 7 B" + System.lineSeparator() + "00000000  67 6f 74 20 48 69 0a" + " ".repeat(3 * 9 + 2)
                        + "got Hi.",
                "WRITE END");
    }

    @Test
    void showsTextOrOnlyTheLength() {
        ask(Servers.local().wiretap(CATEGORY, Level.DEBUG, WiretapFormat.TEXT));
        assertThat(lines).contains("READ 3 B: Hi\n", "WRITE 7 B: got Hi\n");
        lines.clear();
        ask(Servers.local().wiretap(CATEGORY, Level.DEBUG, WiretapFormat.SIMPLE));
        assertThat(lines).contains("READ 3 B", "WRITE 7 B");
    }

    @Test
    void showsNothingIfTheLevelIsOffOrItWasTakenBack() {
        ask(Servers.local().wiretap(CATEGORY, Level.TRACE, WiretapFormat.TEXT));
        ask(Servers.local().wiretap(CATEGORY, Level.DEBUG, WiretapFormat.TEXT).wiretap(false));
        assertThat(lines).isEmpty();
    }

    @Test
    void showsWhatAClientSends() {
        BoundServer server = servers.bind(Servers.local().handle((in, out) -> out.send(in.receive())));
        HotpathClientConnection connection = HotpathClient.create()
                .config(Running.CONFIG)
                .port(server.port())
                .wiretap(CATEGORY, Level.DEBUG, WiretapFormat.TEXT)
                .connectNow();
        connection.outbound().sendString(Mono.just("ping")).shutdownOutput().then().block();
        assertThat(connection.inbound().aggregate(10).block()).isEqualTo("ping".getBytes(UTF_8));
        connection.dispose();
        connection.onDispose().block();
        assertThat(lines).containsExactlyInAnyOrder("WRITE 4 B: ping", "WRITE END", "READ 4 B: ping", "READ END");
    }

    @Test
    void dumpsSixteenBytesToALine() {
        byte[] bytes = new byte[17];
        bytes[16] = 'a';
        assertThat(Wiretap.dump(bytes)).isEqualTo(System.lineSeparator()
                + "00000000  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................" + System.lineSeparator()
                + "00000010  61" + " ".repeat(47) + "a");
    }
}
