package io.hotpath.reactor;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class FramesTest {
    private static final Function<Flux<HotpathBuffer>, Flux<byte[]>> LINES =
            Frames.delimited("\r\n".getBytes(ISO_8859_1), 4);
    private static final Function<Flux<HotpathBuffer>, Flux<byte[]>> SHORT = Frames.lengthPrefixed(2, 4);

    /** Every way to split {@code text}, empty pieces aside: one bit per boundary. */
    private static List<List<String>> splits(String text) {
        List<List<String>> all = new ArrayList<>();
        for (int cuts = 0; cuts < 1 << Math.max(text.length() - 1, 0); cuts++) {
            List<String> pieces = new ArrayList<>();
            int start = 0;
            for (int i = 1; i < text.length(); i++) {
                if (((cuts >> (i - 1)) & 1) != 0) {
                    pieces.add(text.substring(start, i));
                    start = i;
                }
            }
            pieces.add(text.substring(start));
            all.add(pieces);
        }
        return all;
    }

    /** What comes out, an error as its last element. */
    private static List<String> frames(Function<Flux<HotpathBuffer>, Flux<byte[]>> operator, List<String> pieces) {
        return Flux.fromIterable(pieces)
                .map(piece -> HotpathBuffer.of(piece, ISO_8859_1))
                .transform(operator)
                .map(frame -> new String(frame, ISO_8859_1))
                .onErrorResume(failure -> Flux.just("! " + failure.getClass().getSimpleName()))
                .collectList()
                .blockOptional()
                .orElseThrow();
    }

    private static void atEverySplit(
            Function<Flux<HotpathBuffer>, Flux<byte[]>> operator, String text, String... expected) {
        for (List<String> pieces : splits(text)) {
            assertThat(frames(operator, pieces)).as(() -> "split as " + pieces).containsExactly(expected);
        }
    }

    @Test
    void cutsAtADelimiterWhereverThePiecesEnd() {
        atEverySplit(LINES, "ab\r\n\r\n\r\rc\r\n", "ab", "", "\r\rc");
        atEverySplit(LINES, "abcd\r\na\r\n", "abcd", "a");
        atEverySplit(Frames.delimited("aab".getBytes(ISO_8859_1), 3), "aaabxaabaab", "a", "x", "");
        atEverySplit(Frames.delimited(new byte[]{'\n'}, 1), "a\n\nb\n", "a", "", "b");
    }

    @Test
    void cutsByLengthWhereverThePiecesEnd() {
        atEverySplit(Frames.fixed(3), "abcdefghi", "abc", "def", "ghi");
        atEverySplit(Frames.fixed(1), "abc", "a", "b", "c");
        atEverySplit(SHORT, "\0\3abc\0\0\0\4defg", "abc", "", "defg");
        atEverySplit(Frames.lengthPrefixed(4, 2), "\0\0\0\2ab\0\0\0\1c", "ab", "c");
        atEverySplit(Frames.lengthPrefixed(1, 2), "\2ab\1c", "ab", "c");
    }

    @Test
    void cutsByALengthInAHeaderWhereverThePiecesEnd() {
        // HTTP/2: three bytes of length, six more of header, which the length does not count
        atEverySplit(Frames.lengthField(0, 3, 6, 11), "\0\0\2HEADERab", "\0\0\2HEADERab");
        atEverySplit(Frames.lengthField(0, 3, 1, 9), "\0\0\2Hab\0\0\0H", "\0\0\2Hab", "\0\0\0H");
        // a length behind something else, which counts everything
        atEverySplit(Frames.lengthField(1, 2, -3, 5), "M\0\5abM\0\3N\0\4c", "M\0\5ab", "M\0\3", "N\0\4c");
        atEverySplit(Frames.lengthField(0, 1, 0, 3), "\2ab\0\1c", "\2ab", "\0", "\1c");
    }

    @Test
    void failsAtALengthInAHeaderThatCannotBe() {
        atEverySplit(Frames.lengthField(1, 2, -3, 5), "M\0\3M\0\2x", "M\0\3", "! ProtocolException");
        atEverySplit(Frames.lengthField(1, 2, -3, 5), "M\0\3M\0\6abc", "M\0\3", "! MessageTooLongException");
        atEverySplit(Frames.lengthField(0, 4, 0, 9), "\u00ff\u00ff\u00ff\u00ffabc", "! MessageTooLongException");
        atEverySplit(Frames.lengthField(0, 4, Integer.MIN_VALUE, 9), "\0\0\0\1abc", "! ProtocolException");
        atEverySplit(Frames.lengthField(0, 4, Integer.MAX_VALUE, 9), "\0\0\0\1abc", "! MessageTooLongException");
        atEverySplit(Frames.lengthField(1, 2, -3, 5), "M\0\3M\0\5a", "M\0\3", "! EOFException");
        atEverySplit(Frames.lengthField(1, 2, -3, 5), "M\0\3M\0", "M\0\3", "! EOFException");
    }

    @Test
    void failsAtTheLimitAfterTheFramesBefore() {
        atEverySplit(LINES, "ab\r\nabcde\r\nx\r\n", "ab", "! MessageTooLongException");
        atEverySplit(LINES, "ab\r\nabcdefgh", "ab", "! MessageTooLongException");
        atEverySplit(SHORT, "\0\1a\0\5bcdef", "a", "! MessageTooLongException");
        atEverySplit(Frames.lengthPrefixed(4, 9), "\u00ff\u00ff\u00ff\u00ffabc", "! MessageTooLongException");
    }

    @Test
    void failsAtAnEndInsideAFrame() {
        atEverySplit(LINES, "ab\r\ncd", "ab", "! EOFException");
        atEverySplit(LINES, "ab\r\ncd\r", "ab", "! EOFException");
        atEverySplit(SHORT, "\0\2ab\0", "ab", "! EOFException");
        atEverySplit(SHORT, "\0\2ab\0\1", "ab", "! EOFException");
        atEverySplit(Frames.fixed(3), "abcd", "abc", "! EOFException");
    }

    @Test
    void hasNoFramesWithoutBytes() {
        for (var operator : List.of(LINES, SHORT, Frames.fixed(3))) {
            StepVerifier.create(Flux.<HotpathBuffer>empty().transform(operator)).verifyComplete();
        }
    }

    @Test
    void asksForNoMoreThanDemandNeeds() {
        TestPublisher<HotpathBuffer> source = TestPublisher.create();
        StepVerifier.create(source.flux().transform(LINES).map(frame -> new String(frame, ISO_8859_1)), 1)
                .then(() -> source.next(HotpathBuffer.of("a\r\nb\r\nc\r\nd", ISO_8859_1)))
                .expectNext("a")
                .then(() -> source.assertMaxRequested(1))
                .thenRequest(2)
                .expectNext("b", "c")
                .thenRequest(1)
                .then(() -> source.next(HotpathBuffer.of("\r\n", ISO_8859_1)))
                .expectNext("d")
                .then(source::complete)
                .verifyComplete();
    }

    @Test
    void givesLongFramesInOneBytePieces() {
        int count = 20_000;
        StepVerifier.create(Flux.range(0, count)
                .map(i -> HotpathBuffer.wrap(new byte[]{i == count - 1 ? (byte) '\n' : (byte) 'x'}))
                .transform(Frames.delimited(new byte[]{'\n'}, count)))
                .assertNext(frame -> assertThat(frame).hasSize(count - 1).containsOnly('x'))
                .verifyComplete();
    }

    @Test
    void passesTheSourcesErrorOn() {
        StepVerifier.create(Flux.concat(
                Flux.just(HotpathBuffer.of("ab", ISO_8859_1)),
                Flux.<HotpathBuffer>error(new EOFException("on purpose"))).transform(LINES))
                .expectErrorMessage("on purpose")
                .verify();
    }

    @Test
    void refusesLimitsThatMakeNoSense() {
        assertThatThrownBy(() -> Frames.delimited(new byte[0], 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Frames.fixed(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Frames.lengthPrefixed(5, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Frames.lengthField(-1, 1, 0, 9)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Frames.lengthField(0, 0, 0, 9)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Frames.lengthField(2, 2, 0, 3)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Frames.lengthPrefixed(1, 0)).isInstanceOf(IllegalArgumentException.class);
    }
}
