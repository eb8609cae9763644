package io.hotpath.bench.run;

import io.hotpath.bench.load.CpuClock;
import io.hotpath.bench.load.LoadResult;
import io.hotpath.bench.load.Window;

/** What a server and the generator take in a window. */
final class ServerWindow implements Window {
    private final CpuClock own = new CpuClock(ProcessHandle.current().pid());
    private final CpuClock server;
    private final Proc proc;
    private long serverNanos;
    private long ownNanos;
    private long switches;
    private long residentBytes;

    ServerWindow(long pid) {
        server = new CpuClock(pid);
        proc = new Proc(pid);
    }

    /** The clocks come last here and first in {@link #ends}: looking at the rest takes time. */
    @Override
    public void begins() {
        switches = -proc.contextSwitches();
        ownNanos = -own.nanos();
        serverNanos = -server.nanos();
    }

    @Override
    public void ends() {
        serverNanos += server.nanos();
        ownNanos += own.nanos();
        switches += proc.contextSwitches();
        residentBytes = proc.residentBytes();
    }

    /** The server's memory at the end of the window. */
    long residentBytes() {
        return residentBytes;
    }

    Sample sample(String contender, int round, LoadResult load, long connectionBytes) {
        return new Sample(contender, round, load, serverNanos, ownNanos, switches, connectionBytes);
    }
}
