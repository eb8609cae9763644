package io.hotpath.samples;

import java.util.LinkedHashMap;
import java.util.Map;

/** The options of a program: names and values, each with a default. */
public final class Options {
    private final String usage;
    private final Map<String, String> values = new LinkedHashMap<>();

    /**
     * @param program  as in {@code ./hotpath program}
     * @param defaults every option and what it is unless it is given: {@code --port 7007 --loops 1}
     * @throws IllegalArgumentException if {@code args} has anything else
     */
    public Options(String program, String defaults, String[] args) {
        StringBuilder text = new StringBuilder("usage: hotpath " + program);
        String[] known = defaults.split(" ", -1);
        for (int i = 0; i < known.length; i += 2) {
            values.put(known[i], known[i + 1]);
            text.append(" [").append(known[i]).append(' ').append(known[i + 1]).append(']');
        }
        usage = text.toString();
        for (int i = 0; i < args.length; i += 2) {
            if (!values.containsKey(args[i])) {
                throw wrong("unknown option " + args[i]);
            }
            if (i + 1 == args.length) {
                throw wrong(args[i] + " needs a value");
            }
            values.put(args[i], args[i + 1]);
        }
    }

    public String text(String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("no option " + name);
        }
        return value;
    }

    /** The number of {@code name}, {@code min..max}. */
    public int number(String name, int min, int max) {
        try {
            int number = Integer.parseInt(text(name));
            if (number >= min && number <= max) {
                return number;
            }
        } catch (NumberFormatException notANumber) {
            // said below
        }
        throw wrong(name + " is " + text(name) + ", must be " + min + ".." + max);
    }

    public int port() {
        return number("--port", 0, 65535);
    }

    public int loops() {
        return number("--loops", 1, 1024);
    }

    private IllegalArgumentException wrong(String what) {
        return new IllegalArgumentException(what + System.lineSeparator() + usage);
    }
}
