package io.hotpath.engine;

import static io.hotpath.engine.EngineContractTest.bytes;
import static io.hotpath.engine.FailoverTest.breakable;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.faults.ClosingAudit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/**
 * Rings of the host that answer no cancel while their engine closes: it closes all the same, and what the kernel may still
 * write into stays mapped, is counted and named once. {@link EngineCloseTest} has the deadline, on simulated time.
 */
class LateKernelTest {
    /** The reference keeps the level. */
    private static final Logger LOGGER = Logger.getLogger(Retirement.class.getName());

    private final List<String> lines = new ArrayList<>();
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord line) {
            lines.add(line.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void listen() {
        LOGGER.setLevel(Level.WARNING);
        LOGGER.addHandler(handler);
    }

    @AfterEach
    void listenNoMore() {
        LOGGER.removeHandler(handler);
        LOGGER.setLevel(null);
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.INCLUDE, names = {"EPOLL", "LINUX"})
    void closesAndLeaksOnPurposeAndSaysSoOnce(Beds beds) {
        ClosingAudit before = Loops.audit();
        Bed bed = breakable(beds);
        TamperedKernel kernel = (TamperedKernel) bed.kernel;
        Client client = bed.connect();
        Side side = bed.accepted();
        client.send(bytes("remember"));
        bed.until("held", () -> side.received() == 8);
        kernel.deaf = true;
        long begin = System.nanoTime();
        bed.engine.close();
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(30));
        assertThat(kernel.unheard).as("cancels that nobody answered").isPositive();
        assertThat(side.closes).isEqualTo(1);
        assertThat(bed.engine.stats().leakedBytes()).isEqualTo(bed.engine.leases().bytes()).isPositive();
        assertThat(lines).singleElement().asString().contains("in_flight=", "leaked on purpose");
        Loops.await("reset", () -> {
            bed.socketClients.forEach(SocketClient::pump);
            return client.sawReset();
        });
        bed.socketClients.forEach(SocketClient::close);
        bed.engine.close();
        assertThat(lines).hasSize(1);
        long lease = side.held.getFirst();
        assertThat(side.leases().byteAt(lease, 0)).isEqualTo((byte) 'r');
        side.releaseAll(); // the last one home, and yet the memory stays: nothing here may crash
        before.requireNoMore();
    }
}
