package io.hotpath.kernel.sim;

import static io.hotpath.kernel.sim.SqeDriver.PORT;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.kernel.sim.SqeDriver.Cqe;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A seed decides everything, and nothing is lost under faults. */
class SimTraceTest {
    @Test
    void theSameSeedGivesTheSameTrace() {
        for (long seed = 0; seed < 200; seed++) {
            List<Cqe> once = trace(seed);
            assertThat(trace(seed)).as("seed %d", seed).isEqualTo(once);
        }
        assertThat(trace(1)).isNotEqualTo(trace(2));
    }

    @Test
    void mildFaultsReallyHappen() {
        SimFaults faults = SimFaults.mild();
        long[] seen = new long[6];
        for (long seed = 0; seed < 20; seed++) {
            SimKernel kernel = SimKernel.create(seed, faults);
            trace(kernel);
            SimCounters counters = kernel.counters();
            seen[0] += counters.lostMore();
            seen[1] += counters.spuriousEnobufs();
            seen[2] += counters.shortRecvs();
            seen[3] += counters.delayed();
            seen[4] += counters.refusedEnters();
            seen[5] += counters.interruptedEnters();
        }
        assertThat(seen).as("lostMore, enobufs, short, delayed, refused, interrupted").doesNotContain(0);
    }

    private static List<Cqe> trace(long seed) {
        return trace(SimKernel.create(seed, SimFaults.mild()));
    }

    /** Four connections send under faults until every byte has come; returns all completions. */
    private static List<Cqe> trace(SimKernel kernel) {
        try (SqeDriver driver = new SqeDriver(kernel, 16, 4)) {
            driver.publish(0, 1, 2, 3);
            int listener = driver.listen(PORT);
            Map<Long, StringBuilder> texts = new HashMap<>();
            List<Cqe> trace = new ArrayList<>();
            String sent = "the quick brown fox jumps over the lazy dog ".repeat(5);
            for (int i = 0; i < 4; i++) {
                SimPeer peer = kernel.connect(PORT);
                peer.send(sent);
                peer.finish();
            }
            driver.accept(listener, 0);
            int ended = 0;
            for (int turns = 0; ended < 4; turns++) {
                assertThat(turns).as("turns of %s", kernel).isLessThan(10_000);
                driver.enter(1, -1);
                for (Cqe cqe : driver.reap()) {
                    trace.add(cqe);
                    ended += handle(driver, listener, texts, cqe);
                }
            }
            assertThat(texts.values()).as("%s", kernel).hasSize(4).allMatch(t -> t.toString().equals(sent));
            return trace;
        }
    }

    /** Serves one completion; returns 1 if its connection has ended. */
    private static int handle(SqeDriver driver, int listener, Map<Long, StringBuilder> texts, Cqe cqe) {
        if (cqe.userData() == 0) {
            driver.recv(cqe.res(), cqe.res());
            if (!cqe.more()) {
                driver.accept(listener, 0);
            }
            return 0;
        }
        if (cqe.hasBuffer()) {
            texts.computeIfAbsent(cqe.userData(), _ -> new StringBuilder()).append(driver.text(cqe));
            driver.publish(cqe.bufferId());
        }
        if (cqe.res() == 0) {
            return 1;
        }
        if (!cqe.more()) {
            driver.recv((int) cqe.userData(), cqe.userData());
        }
        return 0;
    }
}
