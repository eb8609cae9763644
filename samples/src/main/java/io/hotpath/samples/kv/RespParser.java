package io.hotpath.samples.kv;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Cuts commands from what one client sends, wherever its pieces end: arrays of bulk strings, {@code *2\r\n$3\r\nGET\r\n...}, and
 * what people type, {@code GET key}.
 *
 * @see <a href="https://redis.io/docs/latest/develop/reference/protocol-spec/">RESP</a>
 */
final class RespParser {
    private static final int ARGUMENTS_MAX = 64;
    private static final int ARGUMENT_BYTES_MAX = 512 << 10;
    private static final int LINE_BYTES_MAX = 16;
    private static final int INLINE_BYTES_MAX = 1024;

    private byte[] bytes = new byte[0];
    private int at;
    private int end;

    // the command that is being read
    private final List<byte[]> arguments = new ArrayList<>();
    private int missing;
    private int length = -1;
    private boolean malformed;

    /** The commands that {@code piece} makes whole; a malformed one is the last ever. */
    List<Command> parse(byte[] piece) {
        append(piece);
        List<Command> commands = new ArrayList<>();
        while (!malformed && step()) {
            if (missing == 0 && !arguments.isEmpty()) {
                commands.add(new Command(List.copyOf(arguments)));
                arguments.clear();
            }
        }
        if (malformed) {
            commands.add(Command.MALFORMED);
        }
        return commands;
    }

    /** Reads one header or one argument; false if it is not whole, or wrong. */
    private boolean step() {
        if (missing > 0 && length >= 0) {
            return argument();
        }
        boolean first = missing == 0;
        if (first && at < end && bytes[at] != '*') {
            return inline();
        }
        Integer number = header(first ? '*' : '$');
        if (number == null) {
            return false;
        }
        if (number > (first ? ARGUMENTS_MAX : ARGUMENT_BYTES_MAX)) {
            malformed = true;
            return false;
        }
        if (first) {
            missing = number;
        } else {
            length = number;
        }
        return true;
    }

    /** A line of words; an empty one asks for nothing. */
    private boolean inline() {
        int lineEnd = lineEnd();
        if (lineEnd - at > INLINE_BYTES_MAX) {
            malformed = true;
            return false;
        }
        if (lineEnd == end) {
            return false;
        }
        for (String word : new String(bytes, at, lineEnd - at, ISO_8859_1).strip().split(" +", -1)) {
            if (!word.isEmpty()) {
                arguments.add(word.getBytes(ISO_8859_1));
            }
        }
        at = lineEnd + 1;
        return true;
    }

    private boolean argument() {
        if (end - at < length + 2) {
            return false;
        }
        if (bytes[at + length] != '\r' || bytes[at + length + 1] != '\n') {
            malformed = true;
            return false;
        }
        arguments.add(Arrays.copyOfRange(bytes, at, at + length));
        at += length + 2;
        length = -1;
        missing--;
        return true;
    }

    /** The number of a line such as {@code *2}; {@code null} if it is not whole, or wrong. */
    private @Nullable Integer header(char type) {
        int lineEnd = lineEnd();
        if (lineEnd - at > LINE_BYTES_MAX || (at < end && bytes[at] != type)) {
            malformed = true;
            return null;
        }
        if (lineEnd == end) {
            return null;
        }
        long number = 0;
        for (int i = at + 1; i < lineEnd - 1; i++) {
            int digit = bytes[i] - '0';
            malformed |= digit < 0 || digit > 9 || number > Integer.MAX_VALUE / 10;
            number = number * 10 + digit;
        }
        malformed |= lineEnd - at < 3 || bytes[lineEnd - 1] != '\r' || number > Integer.MAX_VALUE;
        if (malformed) {
            return null;
        }
        at = lineEnd + 1;
        return (int) number;
    }

    /** Where the line ends that begins here, or everything. */
    private int lineEnd() {
        int lineEnd = at;
        while (lineEnd < end && bytes[lineEnd] != '\n') {
            lineEnd++;
        }
        return lineEnd;
    }

    private void append(byte[] piece) {
        int kept = end - at;
        int needed = kept + piece.length;
        if (kept == 0) {
            bytes = piece;
        } else if (piece.length > bytes.length - end) {
            byte[] room = needed > bytes.length ? new byte[Math.max(needed, 2 * kept)] : bytes;
            System.arraycopy(bytes, at, room, 0, kept);
            System.arraycopy(piece, 0, room, kept, piece.length);
            bytes = room;
        } else {
            System.arraycopy(piece, 0, bytes, end, piece.length);
            end += piece.length;
            return;
        }
        at = 0;
        end = needed;
    }
}
