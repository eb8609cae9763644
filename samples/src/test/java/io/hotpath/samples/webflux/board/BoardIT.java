package io.hotpath.samples.webflux.board;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.samples.webflux.Applications;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.ConfigurableApplicationContext;

/** The board in a browser. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BoardIT {
    @TempDir(cleanup = CleanupMode.ON_SUCCESS) Path profile;

    private ConfigurableApplicationContext application;
    private Chromium page;

    @BeforeEach
    void open() throws Exception {
        application = Applications.start();
        page = new Chromium(profile, "http://127.0.0.1:" + Applications.port(application) + "/board.html");
        page.await("document.querySelectorAll('.cells').length === " + rings().all().size());
    }

    @AfterEach
    void close() {
        if (page != null) {
            page.close();
        }
        application.close();
    }

    private Rings rings() {
        return application.getBean(Rings.class);
    }

    @Test
    void showsEveryBufferOfEveryRingAndItsKernel() throws Exception {
        for (int i = 0; i < rings().all().size(); i++) {
            Rings.Ring ring = rings().all().get(i);
            String card = "document.querySelectorAll('article')[" + i + "]";
            int buffers = ring.stats().kernelBuffers() + ring.stats().engineBuffers()
                    + ring.stats().applicationBuffers() + ring.stats().idleBuffers();
            assertThat(page.value(card + ".querySelectorAll('.cells i').length")).isEqualTo(String.valueOf(buffers));
            assertThat(page.value(card + ".querySelector('.badge').textContent"))
                    .isEqualTo(ring.stats().kernel() + ", ring 1");
            String refusal = ring.stats().refusal();
            assertThat(page.value(card + ".querySelector('.why').textContent"))
                    .isEqualTo(refusal == null ? "" : "io_uring was refused: " + refusal);
        }
        assertThat(page.failures()).isEmpty();
    }

    @Test
    void burstIsCountedFromEndToEnd() throws Exception {
        page.press("b");
        page.await("document.getElementById('written').textContent === '32.0 MiB'");
        page.await("document.getElementById('read').textContent === '32.0 MiB'");
        page.await("document.getElementById('peers').textContent === '0'");
        page.await("document.getElementById('events').textContent.includes('close')");
        assertThat(page.failures()).isEmpty();
    }

    @Test
    void slowConsumerParksItsPeersUntilItReadsAgain() throws Exception {
        page.click("#slow");
        page.await("document.getElementById('flow').className === 'parked'");
        page.await("document.querySelectorAll('.cells i.engine').length > 0");
        assertThat(page.value("document.getElementById('peers').textContent")).isEqualTo("4");
        assertThat(page.value("document.getElementById('slow').getAttribute('aria-pressed')")).isEqualTo("true");

        page.click("#slow");
        page.await("document.getElementById('peers').textContent === '0'");
        page.await("document.querySelectorAll('.cells i.engine').length === 0");
        assertThat(page.failures()).isEmpty();
        page.close();
        assertThat(Applications.closeAndCountHeld(application)).isZero();
    }

    @Test
    void forcedFailoverChangesTheBadgesAndLosesNobody() throws Exception {
        String failovers = "document.getElementById('failovers').textContent";
        int count = rings().all().size();
        page.press("f");
        page.await(failovers + " === '" + count + "'");
        page.press("f");
        page.await(failovers + " === '" + 2 * count + "'"); // told over a connection that has moved twice
        assertThat(page.value("document.getElementById('kernel').textContent")).isEqualTo("epoll");
        assertThat(page.value("document.querySelector('article .badge').textContent"))
                .isEqualTo("epoll, ring 3");
        assertThat(page.failures()).isEmpty();
    }
}
