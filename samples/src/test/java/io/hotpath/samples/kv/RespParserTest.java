package io.hotpath.samples.kv;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RespParserTest {
    private static final String TWO = "*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\n";

    /** The commands, arguments between bars, {@code !} for a malformed one. */
    private static List<String> parse(String... pieces) {
        RespParser parser = new RespParser();
        List<String> commands = new ArrayList<>();
        for (String piece : pieces) {
            for (Command command : parser.parse(piece.getBytes(ISO_8859_1))) {
                List<String> words = command.arguments().stream().map(word -> new String(word, ISO_8859_1)).toList();
                commands.add(command.malformed() ? "!" : String.join("|", words));
            }
        }
        return commands;
    }

    @Test
    void readsTheSameWhereverPiecesEnd() {
        for (int i = 0; i <= TWO.length(); i++) {
            for (int j = i; j <= TWO.length(); j++) {
                assertThat(parse(TWO.substring(0, i), TWO.substring(i, j), TWO.substring(j)))
                        .as("cut at " + i + " and " + j)
                        .containsExactly("PING", "SET|k|a\r\nb");
            }
        }
        assertThat(parse(TWO.split(""))).containsExactly("PING", "SET|k|a\r\nb");
    }

    @Test
    void understandsWhatPeopleType() {
        assertThat(parse("PING\r\n\r\n  set  k v \nGET k\r\n*1\r\n$4\r\nPING\r\n"))
                .containsExactly("PING", "set|k|v", "GET|k", "PING");
        assertThat(parse("PI", "NG\r", "\n")).containsExactly("PING");
        assertThat(parse("x".repeat(1025))).containsExactly("!");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "*x\r\n", "*1\n", "*\r\n", "*65\r\n", "*1\r\n$524289\r\n", "*1\r\n$-1\r\n", "*1\r\n:1\r\n",
        "*1\r\n$1\r\nabc", "*99999999999999999999"})
    void saysOnceThatItUnderstandsNothing(String wrong) {
        assertThat(parse("*1\r\n$4\r\nPING\r\n" + wrong)).containsExactly("PING", "!");
        assertThat(parse(("*1\r\n$4\r\nPING\r\n" + wrong).split("")).subList(0, 2)).containsExactly("PING", "!");
    }
}
