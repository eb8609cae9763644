package io.hotpath.reactor;

import reactor.core.publisher.Operators;
import reactor.util.context.Context;

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

    /** {@code context}, in which operators above discard buffers and events as well as what it did before. */
    static Context discarding(Context context) {
        return Operators.enableOnDiscard(context, element -> {
            switch (element) {
                case HotpathBuffer buffer -> discard(buffer);
                case HotpathEvent.Recv recv -> discard(recv.buffer());
                default -> {}
            }
            Operators.onDiscard(element, context);
        });
    }
}
