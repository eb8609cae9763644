package io.hotpath.reactor;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.Objects;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.SignalType;
import reactor.util.context.Context;

/**
 * What runs for one connection. When it completes the connection closes in order, when it fails the connection is reset and
 * the failure is logged, and when the connection is closed first it is cancelled.
 */
final class Conversation extends BaseSubscriber<Void> {
    private static final System.Logger LOG = System.getLogger(Connections.class.getName());

    private final HotpathConnection connection;
    private final Context context;

    private Conversation(HotpathConnection connection, Context context) {
        this.connection = connection;
        this.context = context;
    }

    /** Begins one; loop thread. Whatever {@code logic} throws is a failure of this connection alone. */
    static void run(
            HotpathConnection connection,
            Function<? super HotpathConnection, ? extends Publisher<Void>> logic,
            Context context) {
        try {
            connection.claim();
            Publisher<Void> publisher =
                    Objects.requireNonNull(logic.apply(connection),
                            "the handler returned null: return a Publisher<Void>");
            Conversation conversation = new Conversation(connection, context);
            connection.onClose = conversation::cancel;
            publisher.subscribe(conversation);
        } catch (Throwable failure) {
            LOG.log(Level.WARNING, () -> connection + " logic=failed action=reset", failure);
            connection.reset();
        }
    }

    @Override
    public Context currentContext() {
        return context;
    }

    @Override
    protected void hookOnComplete() {
        connection.close();
    }

    @Override
    protected void hookOnError(Throwable failure) {
        // a peer that left is everyday life, a mistake in the logic is not
        Level level = failure instanceof IOException ? Level.DEBUG : Level.WARNING;
        LOG.log(level, () -> connection + " logic=failed action=reset", failure);
        connection.reset();
    }

    @Override
    protected void hookFinally(SignalType type) {
        connection.onLoop(() -> connection.onClose = null);
    }
}
