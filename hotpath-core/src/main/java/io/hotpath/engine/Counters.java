package io.hotpath.engine;

import java.util.concurrent.atomic.LongAdder;

/** What an engine counts. The loop thread writes plain fields; {@link EngineStats} is the view for everybody else. */
final class Counters {
    // of the rings before the present one
    long enters;
    long submissions;
    long completions;
    long overflows;

    long accepted;
    long acceptErrors;
    long acceptPauses;
    long refused;
    long closedInOrder;
    long closedByFailure;
    long closedByReset;
    long closedByLoss;
    long failovers;
    long movedSending;
    long movedParked;
    long closeDeadlines;
    long bytesIn;
    long bytesOut;
    long receives;
    long sends;
    long sendShort;
    long enobufs;
    long parks;
    long rearms;
    long copiedOut;
    long reserveServed;
    long staleCompletions;
    long unexpectedErrnos;
    long handlerFailures;
    long leakedBytes;
    long sendsRefused;
    long timeoutsFirstByte;
    long timeoutsIdle;
    long timeoutsRead;
    long timeoutsWrite;
    long resetsForRoom;
    long quotaStuck;
    final LongAdder staleLeases = new LongAdder();
}
