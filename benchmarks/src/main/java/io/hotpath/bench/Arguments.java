package io.hotpath.bench;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** The command line of a program: names with a value each, and flags. */
public final class Arguments {
    /** The default of an option that takes no value: it is given, or not. */
    public static final String NO = "no";

    private final Map<String, String> values;
    private final String usage;

    /**
     * @param program  as in {@code ./hotpath program}
     * @param defaults every option and what it is unless it is given; {@link #NO} for a flag
     * @throws IllegalArgumentException if {@code args} has anything else
     */
    public Arguments(String program, Map<String, String> defaults, String[] args) {
        values = new HashMap<>(defaults);
        usage = usage(program, new TreeMap<>(defaults));
        for (int i = 0; i < args.length; i++) {
            String known = defaults.get(args[i]);
            if (known == null) {
                throw wrong("unknown option " + args[i]);
            }
            if (known.equals(NO)) {
                values.put(args[i], "yes");
            } else if (i + 1 == args.length) {
                throw wrong(args[i] + " needs a value");
            } else {
                values.put(args[i], args[++i]);
            }
        }
    }

    private static String usage(String program, Map<String, String> defaults) {
        StringBuilder text = new StringBuilder("usage: hotpath " + program);
        defaults.forEach(
                (name, value) -> text.append(value.equals(NO) ? " [" + name + ']' : " [" + name + ' ' + value + ']'));
        return text.toString();
    }

    public String text(String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("no option " + name);
        }
        return value;
    }

    /** A number from 0 on. */
    public int number(String name) {
        try {
            int number = Integer.parseInt(text(name));
            if (number >= 0) {
                return number;
            }
        } catch (NumberFormatException notANumber) {
            // said below
        }
        throw wrong(name + " is " + text(name) + ", must be a number, at least 0");
    }

    public boolean flag(String name) {
        return !text(name).equals(NO);
    }

    /** The failure to throw for a value that is not possible, with the usage. */
    public IllegalArgumentException wrong(String what) {
        return new IllegalArgumentException(what + System.lineSeparator() + usage);
    }
}
