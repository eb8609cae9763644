package io.hotpath.samples.echo;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.reactor.HotpathTest;
import io.hotpath.reactor.HotpathTestPeer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The echo without sockets; each test ends with the audit that every buffer came home. */
class StreamEchoTest {
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyByteComesBackInOrder(boolean byteByByte) {
        HotpathTest.Setup setup = byteByByte ? HotpathTest.setup().oneByteReads() : HotpathTest.setup();
        try (HotpathTest test = setup.stream(StreamEcho::echo)) {
            HotpathTestPeer one = test.connect();
            HotpathTestPeer other = test.connect();
            one.send("hel");
            other.send("someone else");
            one.send("lo");
            assertThat(one.takeText()).isEqualTo("hello");
            assertThat(other.takeText()).isEqualTo("someone else");
        }
    }

    @Test
    void aLostRingIsNotNoticed() {
        try (HotpathTest test = HotpathTest.stream(StreamEcho::echo)) {
            HotpathTestPeer peer = test.connect();
            peer.send("before ");
            test.forceUnhealthy();
            peer.send("and after");
            assertThat(peer.takeText()).isEqualTo("before and after");
        }
    }

    @Test
    void aPeerThatResetsDisturbsNobody() {
        try (HotpathTest test = HotpathTest.stream(StreamEcho::echo)) {
            HotpathTestPeer gone = test.connect();
            HotpathTestPeer stays = test.connect();
            gone.window(0);
            gone.send("never read");
            gone.reset();
            stays.send("still here");
            assertThat(stays.takeText()).isEqualTo("still here");
        }
    }
}
