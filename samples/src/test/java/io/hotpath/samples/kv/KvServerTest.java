package io.hotpath.samples.kv;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.kernel.sim.SimFaults;
import io.hotpath.reactor.HotpathTest;
import io.hotpath.reactor.HotpathTestPeer;
import org.junit.jupiter.api.Test;

class KvServerTest {
    private static final String PIPELINE = request("PING") + request("SET", "k", "41") + request("INCR", "k")
            + request("GET", "k") + request("DEL", "k");
    private static final String REPLIES = "+PONG\r\n+OK\r\n:42\r\n$2\r\n42\r\n:1\r\n";

    private static String request(String... words) {
        StringBuilder request = new StringBuilder("*" + words.length + "\r\n");
        for (String word : words) {
            request.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
        }
        return request.toString();
    }

    @Test
    void answersAPipelineThatComesByteByByte() {
        try (HotpathTest test = HotpathTest.setup().oneByteReads().server(KvServer.create())) {
            HotpathTestPeer peer = test.connect();
            peer.send(PIPELINE + PIPELINE);
            peer.sendSlowly(PIPELINE);
            assertThat(peer.takeText()).isEqualTo(REPLIES + REPLIES + REPLIES);
        }
    }

    @Test
    void answersWhatRedisClientsAskFirst() {
        try (HotpathTest test = HotpathTest.server(KvServer.create())) {
            HotpathTestPeer peer = test.connect();
            peer.send("CONFIG GET save\r\nCOMMAND DOCS\r\nHELLO 3\r\nCLIENT SETNAME me\r\nPING\r\n");
            assertThat(peer.takeText())
                    .isEqualTo(
                            "*2\r\n$4\r\nsave\r\n$0\r\n\r\n*0\r\n-NOPROTO unsupported protocol version\r\n+OK\r\n+PONG\r\n");
        }
    }

    @Test
    void aClientThatDoesNotReadItsRepliesIsNotReadEither() {
        try (HotpathTest test = HotpathTest.setup().buffers(16, 1024).server(KvServer.create())) {
            HotpathTestPeer peer = test.connect();
            peer.window(0);
            peer.send(PIPELINE.repeat(20_000));
            assertThat(peer.unread()).isGreaterThan(PIPELINE.length() * 10_000);
            peer.window(Integer.MAX_VALUE);
            assertThat(peer.takeText()).isEqualTo(REPLIES.repeat(20_000));
        }
    }

    @Test
    void losesNoReplyUnderFaults() {
        for (long seed = 1; seed <= 20; seed++) {
            try (HotpathTest test =
                    HotpathTest.setup().seed(seed).faults(SimFaults.mild()).buffers(4, 32).server(KvServer.create())) {
                HotpathTestPeer peer = test.connect();
                peer.sendInPieces(PIPELINE);
                test.forceUnhealthy();
                peer.sendInPieces(PIPELINE);
                peer.finish();
                assertThat(peer.takeText()).as("seed " + seed).isEqualTo(REPLIES + REPLIES);
                assertThat(peer.sawEnd()).isTrue();
            }
        }
    }
}
