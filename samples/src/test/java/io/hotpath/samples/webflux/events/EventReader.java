package io.hotpath.samples.webflux.events;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A browser at {@code /events} that reads when it is told to: the JDK's client takes no more from its socket than is read. */
final class EventReader implements AutoCloseable {
    private static final Pattern DATA =
            Pattern.compile("data:\\{\"event\":\"(\\w+)\",\"peer\":\"([^\"]*)\",\"text\":\"([^\"]*)\"}");

    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final BufferedReader lines;

    /** It is served: from here on it is a listener. */
    EventReader(int port) throws IOException, InterruptedException {
        URI events = URI.create("http://127.0.0.1:" + port + "/events");
        InputStream body = client.send(HttpRequest.newBuilder(events).build(), BodyHandlers.ofInputStream()).body();
        lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
        String first = lines.readLine();
        if (!first.startsWith(":events of port")) {
            throw new AssertionError(first);
        }
    }

    /** The next event. */
    Arrival next() throws IOException {
        while (true) {
            String line = lines.readLine();
            if (line == null) {
                throw new AssertionError("the stream has ended");
            }
            Matcher data = DATA.matcher(line);
            if (data.matches()) {
                return new Arrival(data.group(1), data.group(2), data.group(3));
            }
        }
    }

    /** Whether the stream ends here, in order. */
    boolean ends() throws IOException {
        String line;
        do {
            line = lines.readLine();
        } while (line != null && line.isEmpty());
        return line == null;
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
