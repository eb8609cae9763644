package io.hotpath.samples.kv;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.samples.Child;
import io.hotpath.samples.Tool;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Redis' own clients. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RedisToolsIT {
    private static final String PACKAGE = "redis-tools";

    private static List<String> cli(String port, String... words) throws Exception {
        String[] command = new String[words.length + 3];
        command[0] = "redis-cli";
        command[1] = "-p";
        command[2] = port;
        System.arraycopy(words, 0, command, 3, words.length);
        try (Tool tool = Tool.start(PACKAGE, command)) {
            return tool.lines();
        }
    }

    @Test
    void redisCliGetsAnswers() throws Exception {
        try (Child kv = Child.start(KvMain.class, "--port", "0")) {
            String port = Integer.toString(kv.awaitPort());
            assertThat(cli(port, "ping")).containsExactly("PONG");
            assertThat(cli(port, "set", "k", "41")).containsExactly("OK");
            assertThat(cli(port, "incr", "k")).containsExactly("42");
            assertThat(cli(port, "get", "k")).containsExactly("42");
            assertThat(cli(port, "del", "k", "none")).containsExactly("1");
            assertThat(cli(port, "get", "k")).containsExactly("");
            assertThat(cli(port, "-3", "ping").getLast()).isEqualTo("PONG");
            kv.endsInOrder();
        }
    }

    @Test
    void redisBenchmarkRunsWithoutAnError() throws Exception {
        try (Child kv = Child.start(KvMain.class, "--port", "0", "--loops", "2")) {
            String port = Integer.toString(kv.awaitPort());
            try (Tool tool = Tool.start(PACKAGE, "redis-benchmark", "-p", port, "-c", "50", "-P", "16", "-n", "20000",
                    "-q", "-t", "ping,set,get,incr")) {
                List<String> lines = tool.lines();
                String all = String.join("\n", lines);
                assertThat(all).doesNotContainIgnoringCase("error").doesNotContain("WARNING");
                assertThat(all).contains("PING_INLINE: ", "PING_MBULK: ", "SET: ", "GET: ", "INCR: ");
                assertThat(all.split("requests per second")).hasSize(6);
            }
            assertThat(cli(port, "get", "counter:__rand_int__")).containsExactly("20000");
            kv.endsInOrder();
        }
    }
}
