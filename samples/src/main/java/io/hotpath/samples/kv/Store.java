package io.hotpath.samples.kv;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** The values, and what each command does with them. Any thread. */
final class Store {
    private static final byte[] OK = line("+OK");
    private static final byte[] PONG = line("+PONG");
    private static final byte[] NONE = line("$-1");
    private static final byte[] UNKNOWN = line("-ERR unknown command or wrong number of arguments");

    private final ConcurrentMap<String, byte[]> values = new ConcurrentHashMap<>();

    /** Does {@code command} and returns the reply. */
    byte[] execute(Command command) {
        if (command.malformed()) {
            return line("-ERR Protocol error");
        }
        List<byte[]> arguments = command.arguments();
        return switch (command.shape()) {
            case "PING 0" -> PONG;
            case "PING 1" -> bulk(arguments.get(1));
            case "SET 2" -> {
                values.put(command.key(), arguments.get(2));
                yield OK;
            }
            case "GET 1" -> {
                byte[] value = values.get(command.key());
                yield value == null ? NONE : bulk(value);
            }
            case "INCR 1" -> increment(command.key());
            default -> ofAnyLength(command, arguments);
        };
    }

    /** {@code DEL}, and what Redis' clients ask before they begin. */
    private byte[] ofAnyLength(Command command, List<byte[]> arguments) {
        return switch (command.name()) {
            case "DEL" -> arguments.size() > 1 ? delete(arguments.subList(1, arguments.size())) : UNKNOWN;
            case "CONFIG" -> arguments.size() == 3 ? noSetting(arguments.get(2)) : UNKNOWN;
            case "COMMAND" -> line("*0");
            case "CLIENT" -> OK;
            case "HELLO" -> line("-NOPROTO unsupported protocol version"); // they go on with RESP 2
            default -> UNKNOWN;
        };
    }

    private static byte[] noSetting(byte[] name) {
        return line("*2\r\n$" + name.length + "\r\n" + new String(name, ISO_8859_1) + "\r\n$0\r\n");
    }

    private byte[] increment(String key) {
        try {
            byte[] value = values.merge(key, new byte[]{'1'}, (old, one) -> plusOne(old));
            return line(":" + new String(value, ISO_8859_1));
        } catch (NumberFormatException | ArithmeticException notANumber) {
            return line("-ERR value is not an integer or out of range");
        }
    }

    private static byte[] plusOne(byte[] value) {
        return Long.toString(Math.addExact(Long.parseLong(new String(value, ISO_8859_1)), 1)).getBytes(ISO_8859_1);
    }

    private byte[] delete(List<byte[]> keys) {
        long deleted = keys.stream().filter(key -> values.remove(new String(key, ISO_8859_1)) != null).count();
        return line(":" + deleted);
    }

    private static byte[] line(String text) {
        return (text + "\r\n").getBytes(ISO_8859_1);
    }

    private static byte[] bulk(byte[] value) {
        byte[] head = line("$" + value.length);
        byte[] all = new byte[head.length + value.length + 2];
        System.arraycopy(head, 0, all, 0, head.length);
        System.arraycopy(value, 0, all, head.length, value.length);
        all[all.length - 2] = '\r';
        all[all.length - 1] = '\n';
        return all;
    }
}
