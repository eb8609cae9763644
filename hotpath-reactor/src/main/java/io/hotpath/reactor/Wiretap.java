package io.hotpath.reactor;

import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Objects;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Logs what a handler receives and sends. Connections get it when they begin, if the logger takes the level then; those
 * without one run as if there were no such thing.
 */
record Wiretap(System.Logger logger, Level level, WiretapFormat format) {
    private static final int LINE_BYTES = 16;

    Wiretap {
        Objects.requireNonNull(level);
        Objects.requireNonNull(format);
    }

    static Wiretap of(String category, Level level, WiretapFormat format) {
        return new Wiretap(System.getLogger(category), level, format);
    }

    boolean on() {
        return logger.isLoggable(level);
    }

    HotpathInbound of(HotpathInbound in) {
        return new Inbound(in, this);
    }

    HotpathOutbound of(HotpathOutbound out) {
        return new Outbound(out, this);
    }

    private void log(HotpathConnection connection, String what) {
        logger.log(level, () -> connection + " " + what);
    }

    private void log(HotpathConnection connection, String what, HotpathBuffer buffer) {
        byte[] bytes = buffer.toByteArray();
        logger.log(level, () -> connection + " " + what + " " + bytes.length + " B" + text(bytes));
    }

    private String text(byte[] bytes) {
        return switch (format) {
            case SIMPLE -> "";
            case TEXT -> ": " + new String(bytes, StandardCharsets.UTF_8);
            case HEX -> dump(bytes);
        };
    }

    static String dump(byte[] bytes) {
        HexFormat spaced = HexFormat.ofDelimiter(" ");
        StringBuilder text = new StringBuilder(bytes.length * 5);
        for (int at = 0; at < bytes.length; at += LINE_BYTES) {
            int end = Math.min(at + LINE_BYTES, bytes.length);
            String hex = spaced.formatHex(bytes, at, end);
            text.append(System.lineSeparator()).append(HexFormat.of().toHexDigits(at)).append("  ").append(hex);
            text.repeat(' ', 3 * LINE_BYTES + 1 - hex.length());
            for (int i = at; i < end; i++) {
                text.append(bytes[i] >= ' ' && bytes[i] < 0x7f ? (char) bytes[i] : '.');
            }
        }
        return text.toString();
    }

    private record Inbound(HotpathInbound in, Wiretap tap) implements HotpathInbound {
        @Override
        public HotpathConnection connection() {
            return in.connection();
        }

        @Override
        public Flux<HotpathBuffer> receive() {
            return in.receive()
                    .doOnNext(buffer -> tap.log(connection(), "READ", buffer))
                    .doOnComplete(() -> tap.log(connection(), "READ END"))
                    .doOnError(failure -> tap.log(connection(), "READ FAILED " + failure));
        }
    }

    private record Outbound(HotpathOutbound out, Wiretap tap) implements HotpathOutbound {
        @Override
        public HotpathConnection connection() {
            return out.connection();
        }

        @Override
        public HotpathOutbound send(Publisher<? extends HotpathBuffer> buffers) {
            return tap.of(out.send(Flux.from(buffers).doOnNext(buffer -> tap.log(connection(), "WRITE", buffer))));
        }

        @Override
        public HotpathOutbound shutdownOutput() {
            return tap.of(out.then(Mono.fromRunnable(() -> tap.log(connection(), "WRITE END")))
                    .shutdownOutput());
        }

        @Override
        public HotpathOutbound then(Publisher<Void> other) {
            return tap.of(out.then(other));
        }

        @Override
        public Mono<Void> then() {
            return out.then();
        }

        @Override
        public void subscribe(Subscriber<? super Void> subscriber) {
            out.subscribe(subscriber);
        }
    }
}
