package io.hotpath.bench.run;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SystemCallsTest {
    @Test
    void readsTheCountAmongWhatPerfSays() {
        assertThat(SystemCalls.parse("a warning, perhaps\n12345,,raw_syscalls:sys_enter,500000,100.00,,\n"))
                .hasValue(12345);
    }

    @Test
    void aCountThatIsNotThereIsNoCount() {
        assertThat(SystemCalls.parse("<not counted>,,raw_syscalls:sys_enter,0,0.00,,\n")).isEmpty();
        assertThat(SystemCalls.parse("event syntax error: 'raw_syscalls:sys_enter'\n")).isEmpty();
        assertThat(SystemCalls.parse("")).isEmpty();
    }
}
