package io.hotpath.bench.load;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class HttpResponsesTest {
    private static final byte[] BODY = "Hello, World!".getBytes(US_ASCII);
    private static final String RESPONSE =
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-LENGTH: 13\r\n\r\nHello, World!";
    private static final String EMPTY = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    private final HttpResponses responses = new HttpResponses(BODY);

    @Test
    void countsAResponseWithItsLastByteWhereverItIsCut() {
        byte[] bytes = RESPONSE.getBytes(US_ASCII);
        for (int cut = 1; cut < bytes.length; cut++) {
            assertThat(feed(responses, Arrays.copyOf(bytes, cut))).as("before the cut at %d", cut).isZero();
            assertThat(feed(responses, Arrays.copyOfRange(bytes, cut, bytes.length))).as("cut at %d", cut).isOne();
        }
    }

    @Test
    void countsPipelinedResponsesAtEveryTwoCuts() {
        byte[] bytes = (RESPONSE + RESPONSE + RESPONSE).getBytes(US_ASCII);
        int one = bytes.length / 3;
        for (int first = 1; first < bytes.length - 1; first++) {
            for (int second = first + 1; second < bytes.length; second += 7) {
                assertThat(feed(responses, Arrays.copyOf(bytes, first))).isEqualTo(first / one);
                assertThat(feed(responses, Arrays.copyOfRange(bytes, first, second)))
                        .isEqualTo(second / one - first / one);
                assertThat(feed(responses, Arrays.copyOfRange(bytes, second, bytes.length)))
                        .isEqualTo(3 - second / one);
            }
        }
    }

    @Test
    void countsByteByByte() {
        int count = 0;
        for (byte one : (RESPONSE + RESPONSE).getBytes(US_ASCII)) {
            count += feed(responses, new byte[]{one});
        }
        assertThat(count).isEqualTo(2);
    }

    @Test
    void countsResponsesWithoutABody() {
        assertThat(feed(new HttpResponses(new byte[0]), EMPTY + RESPONSE + EMPTY)).isEqualTo(3);
    }

    @Test
    void doesNotTakeABodyForAResponse() {
        String nested = "HTTP/1.1 200 OK\r\nContent-Length: " + EMPTY.length() + "\r\n\r\n" + EMPTY;
        assertThat(feed(new HttpResponses(new byte[0]), nested)).isOne();
    }

    @Test
    void refusesAnotherStatus() {
        refuses("HTTP/1.1 404 Not Found\r\n", "404");
    }

    @Test
    void refusesAResponseWhoseLengthItCannotKnow() {
        refuses("HTTP/1.1 200 OK\r\n\r\n", "no Content-Length");
        refuses("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "Transfer-Encoding");
        refuses("HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n", "Content-Length");
        refuses("HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n", "1x");
        refuses("HTTP/1.1 200 OK\r\nContent-Length: 12345678901\r\n\r\n", "12345678901");
    }

    @Test
    void refusesAnotherBodyIfItIsToCompare() {
        refuses(RESPONSE.replace("World", "world"), "body");
        refuses(EMPTY, "0 bytes, not 13");
    }

    @Test
    void refusesALineWithoutEnd() {
        refuses("HTTP/1.1 200 OK\r\nX: " + "x".repeat(10_000), "longer than");
    }

    private static void refuses(String response, String why) {
        assertThatThrownBy(() -> feed(new HttpResponses(BODY), response))
                .isInstanceOf(LoadException.class)
                .hasMessageContaining(why);
    }

    private static int feed(HttpResponses responses, String text) {
        return feed(responses, text.getBytes(US_ASCII));
    }

    private static int feed(HttpResponses responses, byte[] bytes) {
        return responses.feed(bytes, bytes.length);
    }
}
