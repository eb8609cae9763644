package io.hotpath.samples.webflux.board;

import io.hotpath.samples.Tool;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A page in headless Chromium, driven by its DevTools protocol. A missing Chromium is a skip. One thread. */
final class Chromium implements AutoCloseable {
    private static final Pattern DEVTOOLS = Pattern.compile("DevTools listening on ws://([^/]+)/.*");
    private static final int PATIENCE_SECONDS = 60;
    private static final long LOOK_MILLIS = 50;

    private final Tool browser;
    private final HttpClient client = HttpClient.newHttpClient();
    private final JsonMapper json = JsonMapper.shared();
    private final BlockingQueue<JsonNode> answers = new LinkedBlockingQueue<>();
    private final List<String> failures = new CopyOnWriteArrayList<>();
    private final WebSocket page;
    private int calls;

    /** Opens {@code url}; {@code profile} is a directory of the browser's own. */
    Chromium(Path profile, String url) throws IOException, InterruptedException {
        browser = Tool.start("chromium", "chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
                "--disable-dev-shm-usage", "--no-first-run", "--window-size=1280,900", "--remote-debugging-port=0",
                "--user-data-dir=" + profile, "about:blank");
        try {
            page = client.newWebSocketBuilder().buildAsync(tab(), new Messages()).join();
            call("Runtime.enable", Map.of());
            call("Page.navigate", Map.of("url", url));
        } catch (Exception | Error failed) {
            close();
            throw failed;
        }
    }

    /** Where a new tab can be talked to. */
    private URI tab() throws IOException, InterruptedException {
        URI fresh = URI.create("http://" + devTools() + "/json/new?about:blank");
        HttpRequest put = HttpRequest.newBuilder(fresh).PUT(BodyPublishers.noBody()).build();
        String tab = client.send(put, BodyHandlers.ofString()).body();
        return URI.create(json.readTree(tab).get("webSocketDebuggerUrl").asString());
    }

    private String devTools() throws IOException {
        String line;
        while ((line = browser.line()) != null) {
            Matcher address = DEVTOOLS.matcher(line);
            if (address.matches()) {
                return address.group(1);
            }
        }
        throw new AssertionError("chromium does not say where its DevTools listen");
    }

    /** The value of a JavaScript expression, as text. */
    String value(String expression) throws InterruptedException {
        JsonNode answer = call("Runtime.evaluate", Map.of("expression", "String(" + expression + ")"));
        return answer.get("result").get("value").asString();
    }

    /** Waits until the expression is true. */
    void await(String condition) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!value(condition).equals("true")) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError(
                        "not within " + PATIENCE_SECONDS + " seconds: " + condition + "; the page says "
                                + value("document.body.innerText") + failures);
            }
            Thread.sleep(LOOK_MILLIS);
        }
    }

    void press(String key) throws InterruptedException {
        call("Input.dispatchKeyEvent", Map.of("type", "keyDown", "key", key));
        call("Input.dispatchKeyEvent", Map.of("type", "keyUp", "key", key));
    }

    void click(String selector) throws InterruptedException {
        call("Runtime.evaluate", Map.of("expression", "document.querySelector('" + selector + "').click()"));
    }

    /** Exceptions that nothing on the page caught. */
    List<String> failures() {
        return failures;
    }

    JsonNode call(String method, Map<String, ?> parameters) throws InterruptedException {
        int call = ++calls;
        page.sendText(json.writeValueAsString(Map.of("id", call, "method", method, "params", parameters)), true).join();
        while (true) {
            JsonNode answer = answers.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (answer == null) {
                throw new AssertionError("chromium does not answer " + method);
            }
            if (answer.get("id").asInt() == call) {
                return answer.get("result");
            }
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
        browser.close();
        browser.process().onExit().join();
    }

    private final class Messages implements WebSocket.Listener {
        private final StringBuilder message = new StringBuilder();

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
            message.append(part);
            if (last) {
                take(json.readTree(message.toString()));
                message.setLength(0);
            }
            socket.request(1);
            return null;
        }

        private void take(JsonNode whole) {
            if (whole.has("id")) {
                answers.add(whole);
            } else if (whole.get("method").asString().equals("Runtime.exceptionThrown")) {
                failures.add(whole.toString());
            }
        }
    }
}
