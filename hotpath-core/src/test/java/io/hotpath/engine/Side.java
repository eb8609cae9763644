package io.hotpath.engine;

import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The engine's side of one connection: what was reported, and what to do about it. */
final class Side implements ConnectionHandler {
    /** What to do with received bytes. */
    interface Reaction {
        void received(Side side, long lease, int length);
    }

    record Sent(long token, long bytes, int errno) {}

    static final Reaction HOLD = (side, lease, length) -> side.held.add(lease);
    static final Reaction RELEASE = (side, lease, length) -> side.leases().release(lease);
    static final Reaction ECHO = (side, lease, length) -> side.connection.send(lease, side.nextToken++);

    final Connection connection;
    final ArrayDeque<Long> held = new ArrayDeque<>();
    final List<Sent> sent = new ArrayList<>();
    long nextToken;
    int receives;
    int connects;
    int inputEnds;
    int closes;
    int closeErrno = -1;
    Reaction reaction = HOLD;
    @Nullable Runnable onClosed;
    @Nullable Runnable onInputEnded;
    @Nullable Runnable onSent;
    boolean keepsBytes = true;

    private final Reports reports;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private long received;

    Side(Reports reports, Connection connection) {
        this.reports = reports;
        this.connection = connection;
        connection.adopt(this);
    }

    Leases leases() {
        return connection.engine().leases();
    }

    byte[] bytes() {
        return bytes.toByteArray();
    }

    long received() {
        return received;
    }

    boolean closed() {
        return closes > 0;
    }

    @Override
    public void connected(Connection c) {
        reports.one(() -> {
            reports.check(connects == 0 && receives == 0 && closes == 0, "connected is first and once");
            connects++;
        });
    }

    @Override
    public void received(Connection c, long lease, int length) {
        reports.one(() -> {
            reports.check(c == connection, "its own connection");
            reports.check(closes == 0, "nothing received after closed");
            reports.check(inputEnds == 0, "nothing received after the end of input");
            reports.check(length > 0 && leases().length(lease) == length, "a lease has its bytes");
            receives++;
            received += length;
            if (keepsBytes) {
                byte[] copy = new byte[length];
                leases().copy(lease, 0, copy, 0, length);
                bytes.writeBytes(copy);
            }
            reaction.received(this, lease, length);
        });
    }

    @Override
    public void inputEnded(Connection c) {
        reports.one(() -> {
            reports.check(inputEnds == 0 && closes == 0, "input ends once, before closed");
            inputEnds++;
            run(onInputEnded);
        });
    }

    @Override
    public void sent(Connection c, long token, long count, int errno) {
        reports.one(() -> {
            reports.check(closes == 0, "nothing sent after closed");
            sent.add(new Sent(token, count, errno));
            run(onSent);
        });
    }

    @Override
    public void closed(Connection c, int errno) {
        reports.one(() -> {
            reports.check(closes == 0, "closed once");
            reports.check(c.inFlight == 0, "nothing in flight when closed");
            reports.check(c.outFirst == null && c.doneFirst == null, "every send was reported before closed");
            closes++;
            closeErrno = errno;
            run(onClosed);
        });
    }

    /** Releases what it holds, oldest first, {@code count} at most. */
    void release(int count) {
        for (int i = 0; i < count && !held.isEmpty(); i++) {
            leases().release(held.remove());
        }
    }

    void releaseAll() {
        release(Integer.MAX_VALUE);
    }

    private static void run(@Nullable Runnable action) {
        if (action != null) {
            action.run();
        }
    }
}
