package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** F-10, F-11: accept at the limit of open files, on real kernels. */
@Tag("forked")
final class OpenFilesIT {
    /** For the ring, its eventfd, the listener, and a few connections. */
    private static final int FREE = 12;
    private static final int CLIENTS = 40;
    private static final int ERRORS = 5;

    @ParameterizedTest
    @CsvSource({"io_uring, false", "io_uring, true", "epoll, false", "epoll, true"})
    void acceptBacksOffAndGoesOnWhenThereIsRoom(String kernel, boolean limitRises) throws IOException {
        Child child = Child.start();
        long pid = child.pid();
        try (EchoBed warm = EchoBed.in(child, kernel)) {
            ChecksumClient.echo(warm.port(), 1 << 20, 10); // loads what it needs
            warm.end(1 << 20);
            // io_uring: an accept goes by the limit that was there when it was armed
            Limits.setOpenFiles(pid, Limits.highestDescriptor(pid) + 1 + FREE);
            assertAcceptGoesOn(EchoBed.in(child, kernel), limitRises);
        }
    }

    private static void assertAcceptGoesOn(EchoBed limited, boolean limitRises) throws IOException {
        try (EchoBed bed = limited) {
            long pid = bed.child().pid();
            List<Socket> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                Socket client = Peers.connect(bed.port()); // the backlog takes them
                client.getOutputStream().write(i);
                clients.add(client);
            }

            Answer first = bed.until("an accept failed", s -> s.number("acceptErrors") > 0);
            long start = System.nanoTime();
            Answer last = bed.until(
                    "more of them failed", s -> s.number("acceptErrors") >= first.number("acceptErrors") + ERRORS);
            double seconds = (System.nanoTime() - start) / 1e9;
            assertThat(last.number("connections")).isLessThan(CLIENTS);
            assertThat((last.number("acceptErrors") - first.number("acceptErrors")) / seconds)
                    .as("tries in a second").isLessThan(50);
            assertThat(last.number("turns") - first.number("turns")).as("no busy loop").isLessThan(20 * ERRORS);

            if (limitRises) {
                Limits.setOpenFiles(pid, Limits.OPEN_FILES_ENOUGH);
            }
            for (int i = 0; i < CLIENTS; i++) { // in the order of the backlog; each that leaves makes room for one more
                try (Socket client = clients.get(i)) {
                    assertThat(client.getInputStream().read()).isEqualTo(i);
                }
            }
            Limits.setOpenFiles(pid, Limits.OPEN_FILES_ENOUGH);
            assertThat(bed.end(CLIENTS).number("accepted")).isEqualTo(CLIENTS);
        }
    }
}
