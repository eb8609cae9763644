package io.hotpath.engine;

import static io.hotpath.engine.EngineContractTest.random;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.kernel.sim.SimFaults;
import io.hotpath.kernel.sim.SimKernel;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Completions that tell of more than one buffer: each is a receive, and each comes home. */
class EngineBundleTest {
    private static final EngineConfig MANY = Bed.SMALL.withBuffers(64, 1024).withLeaseQuota(24);

    @ParameterizedTest
    @EnumSource
    void bytesOfManyBuffersComeInOrderWhetherHeldOrReleased(Beds beds) {
        beds.run(MANY, 20, bed -> {
            Client held = bed.connect();
            Side holding = bed.accepted();
            Client released = bed.connect();
            Side releasing = bed.accepted();
            releasing.connection.returnsAtOnce();
            releasing.reaction = Side.RELEASE;
            byte[] content = random(20_000);
            for (int at = 0; at < content.length; at += 10_000) {
                held.send(Arrays.copyOfRange(content, at, at + 10_000));
                released.send(Arrays.copyOfRange(content, at, at + 10_000));
            }
            bed.until("all that was released", () -> releasing.received() == content.length);
            bed.until("all that is held", () -> {
                if (holding.held.size() > 12) {
                    holding.release(5);
                }
                return holding.received() == content.length;
            });
            assertThat(releasing.bytes()).isEqualTo(content);
            assertThat(holding.bytes()).isEqualTo(content);
            holding.releaseAll();
            bed.until("home", () -> bed.engine.stats().applicationBuffers() == 0);
            bed.turns(3);
            assertThat(bed.engine.stats().engineBuffers()).isZero();
        });
    }

    @ParameterizedTest
    @EnumSource
    void aBundleForAConnectionThatClosesInItsMidstComesHome(Beds beds) {
        beds.run(MANY, 20, bed -> {
            Client client = bed.connect();
            Side side = bed.accepted();
            side.connection.returnsAtOnce();
            side.reaction = Side.RELEASE;
            client.send(random(3_000));
            bed.until("much has come", () -> side.received() == 3_000);
            bed.turns(5);
            int before = side.receives;
            side.reaction = (me, lease, length) -> {
                me.leases().release(lease);
                me.connection.reset();
            };
            client.send(random(10_000));
            bed.until("closed", side::closed);
            bed.turns(5);
            assertThat(side.receives).isEqualTo(before + 1);
            EngineStats then = bed.engine.stats();
            assertThat(then.applicationBuffers()).isZero();
            assertThat(then.engineBuffers()).isZero();
        });
    }

    @ParameterizedTest
    @EnumSource
    void aQuotaIsKept(Beds beds) {
        beds.run(MANY.withLeaseQuota(8), 20, bed -> {
            Client client = bed.connect();
            Side side = bed.accepted();
            byte[] content = random(40_000);
            client.send(content);
            boolean inPieces = beds == Beds.SIM_WITH_FAULTS; // then a quota of bytes is more buffers
            while (side.received() < content.length) {
                long parks = bed.engine.stats().parks();
                bed.until("its quota or all", () -> bed.engine.stats().parks() > parks
                        || side.received() == content.length);
                bed.turns(3);
                assertThat(inPieces || side.held.size() <= 8).isTrue();
                side.releaseAll();
            }
            assertThat(side.bytes()).isEqualTo(content);
            bed.until("home", () -> bed.engine.stats().applicationBuffers() == 0);
            bed.turns(3);
            assertThat(bed.engine.stats().engineBuffers()).isZero();
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void withAQuotaOnlyAKernelThatCanCapThemIsAskedForThem(boolean capable) {
        TamperedKernel kernel =
                new TamperedKernel(SimKernel.create(1, SimFaults.none()), TamperedKernel.COUNT_CAPPED_BUNDLES);
        kernel.capsBundles = capable;
        try (Bed bed = Bed.tampered(kernel, MANY)) {
            Client client = bed.connect();
            Side side = bed.accepted();
            side.reaction = Side.RELEASE;
            client.send(random(40_000));
            bed.until("all", () -> side.received() == 40_000);
        }
        assertThat(kernel.cappedBundles > 0).isEqualTo(capable);
    }
}
