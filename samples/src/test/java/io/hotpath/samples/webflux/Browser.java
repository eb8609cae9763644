package io.hotpath.samples.webflux;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The JDK's HTTP and WebSocket client: nothing of Netty, Reactor or Spring. */
final class Browser implements AutoCloseable {
    static final int FILE_BYTES = 3_000_001;
    private static final byte[] FILE = file();
    static final String FILE_SHA256 = sha256(FILE);

    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final String authority;

    Browser(int port) {
        authority = "127.0.0.1:" + port;
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(request(path).build(), BodyHandlers.ofString());
    }

    HttpResponse<String> post(String path, String json) throws IOException, InterruptedException {
        HttpRequest post = request(path).header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json)).build();
        return client.send(post, BodyHandlers.ofString());
    }

    /** A form with a text field and a file, without a length before it. */
    String upload(String path, String name) throws IOException, InterruptedException {
        String form = "--edge\r\nContent-Disposition: form-data; name=\"comment\"\r\n\r\nno file\r\n"
                + "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\n"
                + "Content-Type: application/octet-stream\r\n\r\n";
        HttpRequest post = request(path).header("Content-Type", "multipart/form-data; boundary=edge")
                .POST(BodyPublishers.concat(BodyPublishers.ofString(form), BodyPublishers.ofByteArray(FILE),
                        BodyPublishers.ofByteArrays(List.of("\r\n--edge--\r\n".getBytes(UTF_8)))))
                .build();
        return client.send(post, BodyHandlers.ofString()).body();
    }

    /** The first events of a stream, which is left then. */
    List<String> events(String path, int count) throws IOException, InterruptedException {
        HttpRequest get = request(path).header("Accept", "text/event-stream").build();
        try (Stream<String> lines = client.send(get, BodyHandlers.ofLines()).body()) {
            return lines.filter(line -> line.startsWith("data:")).limit(count).toList();
        }
    }

    Talk talk(String path) {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        WebSocket socket = client.newWebSocketBuilder()
                .buildAsync(URI.create("ws://" + authority + path), new Lines(heard)).join();
        return new Talk(socket, heard);
    }

    @Override
    public void close() {
        client.shutdownNow(); // an event stream that was left may still be on its way out
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://" + authority + path));
    }

    private static byte[] file() {
        byte[] file = new byte[FILE_BYTES];
        new SplittableRandom(5).nextBytes(file);
        return file;
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException every) {
            throw new AssertionError(every);
        }
    }

    /** A WebSocket and what came on it. */
    record Talk(WebSocket socket, BlockingQueue<String> heard) implements AutoCloseable {
        void say(String line) {
            socket.sendText(line, true).join();
        }

        /** Waits until this line comes; those before it are passed over. */
        void hears(String expected) throws InterruptedException {
            String line;
            do {
                line = heard.poll(30, TimeUnit.SECONDS);
                if (line == null) {
                    throw new AssertionError("did not hear for 30 seconds: " + expected);
                }
            } while (!line.equals(expected));
        }

        @Override
        public void close() {
            socket.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
        }
    }

    private static final class Lines implements WebSocket.Listener {
        private final BlockingQueue<String> heard;
        private final StringBuilder line = new StringBuilder();

        Lines(BlockingQueue<String> heard) {
            this.heard = heard;
        }

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
            line.append(part);
            if (last) {
                heard.add(line.toString());
                line.setLength(0);
            }
            socket.request(1);
            return null;
        }
    }
}
