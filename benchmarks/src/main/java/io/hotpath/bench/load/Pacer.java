package io.hotpath.bench.load;

import java.util.List;

/** Sends the messages of an open loop when they are due, the connections taking turns. Generator's thread. */
final class Pacer {
    private final Schedule schedule;
    private final List<OpenLoop> clients;
    private long next;
    private boolean stopped;

    Pacer(Schedule schedule, List<OpenLoop> clients) {
        this.schedule = schedule;
        this.clients = clients;
    }

    /** Asks for everything that is due by {@code now}. */
    void turn(long now) {
        while (!stopped && schedule.dueNanos(next) - now <= 0) {
            clients.get((int) (next % clients.size())).due(schedule);
            next++;
        }
    }

    /** The time from {@code now} to the next message, 0 or less if it is due. */
    long untilNextNanos(long now) {
        return schedule.dueNanos(next) - now;
    }

    void stop() {
        stopped = true;
    }
}
