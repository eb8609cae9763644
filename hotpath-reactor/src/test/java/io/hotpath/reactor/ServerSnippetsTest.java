package io.hotpath.reactor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.snippets.ClientSnippets;
import io.hotpath.snippets.ServerSnippets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;

/** What the Javadoc shows works as it says. */
@Timeout(60)
class ServerSnippetsTest {
    @TempDir Path directory;

    @RegisterExtension final Servers servers = new Servers();

    @Test
    void theClientsAskTheServers() {
        BoundServer server = servers.bind(ServerSnippets.settings().handle(ServerSnippets::inbound));
        assertThat(ClientSnippets.ask(servers.bind(Servers.local().handle((in, out) -> out.sendString(
                in.aggregate(100).map(all -> new String(all, UTF_8) + "!")))).port())).isEqualTo("a question!");
        ClientSnippets.handle(server.port());
        try (Peer peer = Peer.connect(server.port())) {
            assertThat(peer.write("one\ntwo\n").end().readAll())
                    .isEqualTo("you said one\nyou said two\n".getBytes(UTF_8));
        }
    }

    @Test
    void attributesAndFilesAndPathsWork() throws Exception {
        try (Peer peer = Peer.connect(servers.bind(ServerSnippets.attribute()).port())) {
            assertThat(peer.write("x").readText(8)).startsWith("since 20");
        }
        Path file = Files.writeString(directory.resolve("file"), "content");
        BoundServer server = servers.bind(Servers.local().handle((in, out) -> ServerSnippets.outbound(in, out, file)));
        try (Peer peer = Peer.connect(server.port())) {
            assertThat(peer.readAll()).isEqualTo("here it comes\ncontent".getBytes(UTF_8));
        }
        Path path = directory.resolve("socket");
        BoundServer unix = servers.bind(
                ServerSnippets.unix(path).config(Running.CONFIG).handle((in, out) -> out.sendString(Mono.just("hi"))));
        HotpathClientConnection connection =
                HotpathClient.create().config(Running.CONFIG).remoteAddress(unix::address).connectNow();
        assertThat(connection.inbound().aggregate(10).block()).isEqualTo("hi".getBytes(UTF_8));
        connection.disposeNow(Duration.ofSeconds(10));
    }
}
