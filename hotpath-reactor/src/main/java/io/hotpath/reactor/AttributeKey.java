package io.hotpath.reactor;

import java.util.Objects;

/**
 * Names a value that is kept with a connection. Two keys are equal only if they are the same object, so that libraries
 * cannot meet by accident: keep one in a {@code static final} field.
 *
 * {@snippet class="io.hotpath.snippets.ServerSnippets" region="attribute"}
 *
 * @param <T> the type of the value
 */
@SuppressWarnings("UnusedTypeParameter") // the type is for the compiler
public final class AttributeKey<T> {
    private final String name;

    private AttributeKey(String name) {
        this.name = name;
    }

    /**
     * A new key.
     *
     * @param name for logs; it need not be unique
     */
    public static <T> AttributeKey<T> of(String name) {
        return new AttributeKey<>(Objects.requireNonNull(name));
    }

    @Override
    public String toString() {
        return name;
    }
}
