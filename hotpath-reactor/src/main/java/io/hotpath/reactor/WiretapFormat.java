package io.hotpath.reactor;

/** How a {@code wiretap} shows bytes. */
public enum WiretapFormat {
    /** Only how many there are. */
    SIMPLE,
    /** As UTF-8 text; what is none becomes {@code U+FFFD}. */
    TEXT,
    /** Sixteen to a line: offset, hexadecimal, printable ASCII. */
    HEX
}
