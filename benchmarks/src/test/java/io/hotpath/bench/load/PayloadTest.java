package io.hotpath.bench.load;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

class PayloadTest {
    private static final int MESSAGE = 5;
    private static final int IN_FLIGHT = 3;

    private final Payload payload = new Payload(Arena.ofAuto(), 1, MESSAGE, IN_FLIGHT);

    @Test
    void whatIsSentMatchesWhereverItIsCut() {
        int period = MESSAGE * IN_FLIGHT;
        for (int offset = 0; offset < 2 * period; offset++) {
            for (int count = 1; count <= period; count++) {
                byte[] sent = payload.slice(offset, count).toArray(JAVA_BYTE);
                assertThat(payload.matches(offset, sent, count)).as("%d bytes from %d on", count, offset).isTrue();
            }
        }
    }

    @Test
    void aReceiveOfManyPeriodsMatches() {
        byte[] period = payload.slice(0, MESSAGE * IN_FLIGHT).toArray(JAVA_BYTE);
        byte[] many = new byte[4 * period.length];
        for (int i = 0; i < 4; i++) {
            System.arraycopy(period, 0, many, i * period.length, period.length);
        }
        assertThat(payload.matches(0, many, many.length)).isTrue();
        many[many.length - 1]++;
        assertThat(payload.matches(0, many, many.length)).isFalse();
    }

    @Test
    void anotherMessageOfTheSameConnectionDoesNotMatch() {
        byte[] second = payload.slice(MESSAGE, MESSAGE).toArray(JAVA_BYTE);
        assertThat(payload.matches(0, second, MESSAGE)).isFalse();
    }

    @Test
    void anotherConnectionsBytesDoNotMatch() {
        byte[] others = new Payload(Arena.ofAuto(), 2, MESSAGE, IN_FLIGHT).slice(0, MESSAGE).toArray(JAVA_BYTE);
        assertThat(payload.matches(0, others, MESSAGE)).isFalse();
    }
}
