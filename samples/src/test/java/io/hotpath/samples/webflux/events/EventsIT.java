package io.hotpath.samples.webflux.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.samples.webflux.Applications;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.context.ConfigurableApplicationContext;

/** The second port through real sockets: peers at one end, readers of the event stream at the other. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EventsIT {
    /** Far more than sockets and queues between a peer and a reader can hold. */
    private static final long MORE_BYTES = 64 << 20;

    // written by the thread that reads, read when it has ended
    private long received;
    private Throwable failure;

    @ParameterizedTest
    @ValueSource(strings = {"auto", "epoll"})
    void readerThatStopsParksThePeerAndNothingIsLost(String kernel) throws Exception {
        ConfigurableApplicationContext application = Applications.start("--hotpath.kernel=" + kernel);
        EventPort events = application.getBean(EventPort.class);
        try (EventReader reader = new EventReader(Applications.port(application));
                Flood peer = new Flood(events.bound().port())) {
            long written = peer.untilItsWindowIsClosed();
            assertThat(events.stats().parks()).isPositive();
            assertThat(events.stats().engineBuffers()).as("buffers with bytes that wait").isPositive();
            assertThat(events.stats().bytesIn()).isLessThan(written);
            assertThat(peer.untilItsWindowIsClosed()).as("still closed").isEqualTo(written);

            Thread reading = Thread.ofPlatform().start(() -> readUntilClose(reader));
            long total = peer.until(written + MORE_BYTES);
            peer.end();
            reading.join();
            assertThat(received).isEqualTo(total);
            assertThat(failure).isNull();
        }
        assertThat(Applications.closeAndCountHeld(application)).isZero();
    }

    @Test
    void contextThatClosesWhileThePeerIsParkedHoldsNothing() throws Exception {
        ConfigurableApplicationContext application = Applications.start();
        EventPort events = application.getBean(EventPort.class);
        try (EventReader reader = new EventReader(Applications.port(application));
                Flood peer = new Flood(events.bound().port())) {
            peer.untilItsWindowIsClosed();
            assertThat(reader.next().event()).isEqualTo("accept");
            assertThat(events.stats().engineBuffers()).isPositive();
            assertThat(Applications.closeAndCountHeld(application)).isZero();
        }
    }

    @Test
    void whatComesBeforeAnybodyListensWaits() throws Exception {
        try (ConfigurableApplicationContext application = Applications.start()) {
            EventPort events = application.getBean(EventPort.class);
            String name = send(events.bound().port(), "hello");
            try (EventReader first = new EventReader(Applications.port(application))) {
                assertThat(first.next()).isEqualTo(new Arrival("accept", name, ""));
                assertThat(first.next()).isEqualTo(new Arrival("recv", name, "hello"));
                assertThat(first.next()).isEqualTo(new Arrival("close", name, ""));
            }
        }
    }

    @Test
    void everyListenerHearsEverythingAndTheEnd() throws Exception {
        ConfigurableApplicationContext application = Applications.start();
        int port = Applications.port(application);
        try (EventReader one = new EventReader(port);
                EventReader other = new EventReader(port)) {
            String name = send(application.getBean(EventPort.class).bound().port(), "hello");
            for (EventReader each : new EventReader[]{one, other}) {
                assertThat(each.next().event()).isEqualTo("accept");
                assertThat(each.next()).isEqualTo(new Arrival("recv", name, "hello"));
                assertThat(each.next().event()).isEqualTo("close");
            }
            assertThat(Applications.closeAndCountHeld(application)).isZero();
            assertThat(one.ends()).isTrue();
            assertThat(other.ends()).isTrue();
        }
    }

    @Test
    void portThatIsTakenEndsTheStart() throws Exception {
        try (ServerSocket taken = new ServerSocket(0)) {
            assertThatThrownBy(() -> Applications.start("--events.port=" + taken.getLocalPort()).close())
                    .hasStackTraceContaining("Port " + taken.getLocalPort() + " is already in use");
        }
    }

    private void readUntilClose(EventReader reader) {
        try {
            for (Arrival each = reader.next(); !each.event().equals("close"); each = reader.next()) {
                received += each.text().length();
            }
        } catch (Exception | Error thrown) {
            failure = thrown;
        }
    }

    /** Returns the peer's name. */
    private static String send(int port, String text) throws Exception {
        try (Socket peer = new Socket(InetAddress.getLoopbackAddress(), port)) {
            peer.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
            return peer.getLocalSocketAddress().toString().substring(1);
        }
    }
}
