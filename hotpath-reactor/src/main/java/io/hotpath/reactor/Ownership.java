package io.hotpath.reactor;

import java.util.Collection;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;
import reactor.util.function.Tuple2;

/** How buffers change hands. */
final class Ownership {
    private Ownership() {}

    /** Takes {@code buffer} from its owner, for whom it counts as sent from here on. */
    static HotpathBuffer move(HotpathBuffer buffer) {
        return switch (buffer) {
            case LeasedBuffer leased -> leased.move();
            case HeapBuffer heap -> heap.move();
        };
    }

    /** Nobody will take {@code buffer} any more. Idempotent, as Reactor's discard contract asks. */
    static void discard(HotpathBuffer buffer) {
        switch (buffer) {
            case LeasedBuffer leased -> leased.discard();
            case HeapBuffer _ -> {}
        }
    }

    /**
     * {@code context}, in which operators above discard buffers and events, also in what {@code buffer}, {@code zip} and {@code
     * index} put them together to, as well as what it did before.
     */
    static Context discarding(Context context) {
        return Operators.enableOnDiscard(context, element -> {
            discardWithin(element);
            Operators.onDiscard(element, context);
        });
    }

    private static void discardWithin(@Nullable Object element) {
        switch (element) {
            case HotpathBuffer buffer -> discard(buffer);
            case HotpathEvent.Recv recv -> discard(recv.buffer());
            case Collection<?> many -> many.forEach(Ownership::discardWithin);
            case Tuple2<?, ?> tuple -> tuple.forEach(Ownership::discardWithin); // longer ones are its subclasses
            case null, default -> {}
        }
    }
}
