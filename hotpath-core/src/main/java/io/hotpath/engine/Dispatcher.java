package io.hotpath.engine;

import io.hotpath.kernel.Abi;
import io.hotpath.ring.CqeHandler;
import io.hotpath.ring.UserData;

/** Takes each completion to whom it belongs. Loop thread. */
final class Dispatcher implements CqeHandler {
    private final Engine engine;
    private final SlotTable slots;
    private final Listeners listeners;
    private final Connector connector;
    private final Receiver receiver;
    private final Watcher watcher;
    private final Sender sender;
    private final Closer closer;

    Dispatcher(Engine engine, SlotTable slots) {
        this.engine = engine;
        this.slots = slots;
        listeners = engine.listeners;
        connector = engine.connector;
        receiver = engine.receiver;
        watcher = engine.watcher;
        sender = engine.sender;
        closer = engine.closer;
    }

    @Override
    public void completed(long userData, int result, int flags) {
        int op = UserData.op(userData);
        if (op == Ops.CANCEL) {
            return; // what was cancelled completes by itself
        }
        if (op == Ops.ACCEPT) {
            listeners.get(UserData.slot(userData)).completed(result, flags);
            return;
        }
        if (op == Ops.WAKE) {
            if ((flags & Abi.IORING_CQE_F_MORE) == 0 && !engine.closed() && !engine.moving()) {
                engine.armWake();
            }
            return;
        }
        Connection c = slots.find(userData);
        if (c == null) {
            stale(op, result, flags);
            return;
        }
        switch (op) {
            case Ops.RECV -> receiver.completed(c, result, flags);
            case Ops.SEND -> sender.completed(c, result);
            case Ops.CLOSE -> closer.closeCompleted(c);
            case Ops.CONNECT -> connector.completed(c, result);
            case Ops.SHUTDOWN -> closer.shutdownCompleted(c, result);
            case Ops.WATCH -> watcher.completed(c, result, flags);
            default -> throw new AssertionError("op " + op);
        }
    }

    private void stale(int op, int result, int flags) {
        engine.counters.staleCompletions++;
        if (op == Ops.RECV && (flags & Abi.IORING_CQE_F_BUFFER) != 0) {
            engine.receiver.recycle(flags >>> Abi.IORING_CQE_BUFFER_SHIFT, result);
        }
    }
}
