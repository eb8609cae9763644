package io.hotpath.kernel.sim;

import io.hotpath.EngineException;
import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRefused;
import io.hotpath.kernel.KernelRefused.Reason;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.Sockets;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A deterministic kernel: virtual sockets and virtual time behind real ring memory. The same seed, faults and calls
 * give the same completions. One thread drives it, ring and peers alike; see the package.
 *
 * <pre>{@code
 * SimKernel kernel = SimKernel.create(seed, SimFaults.mild());
 * // open an engine on it, listen on port 7007, turn it
 * SimPeer peer = kernel.connect(7007);
 * peer.send("ping");
 * }</pre>
 */
public final class SimKernel implements Kernel {
    private static final int PAGE_BYTES = 4096;

    final Dice dice;
    final Descriptors descriptors = new Descriptors();
    final Network network;

    private final long seed;
    private final Sockets sockets;
    private final Agenda agenda = new Agenda();
    private final SimCounters counters = new SimCounters();

    /** Mapped and not unmapped; what is here stays reachable, so its addresses stay good. */
    private final Map<Long, MemorySegment> mapped = new ConcurrentHashMap<>();

    /** Completions that no caller ever saw. */
    private final List<SimRing.Completion> lost = new ArrayList<>();

    private SimFaults faults;
    private int ringsToRefuse;
    private int cqEntriesMax = RingSetup.CQ_ENTRIES_MAX;

    /** The ring that was opened last, null before the first one. */
    private @Nullable SimRing ring;

    private SimKernel(long seed, SimFaults faults) {
        this.seed = seed;
        this.faults = faults;
        this.dice = new Dice(seed);
        this.network = new Network(dice);
        this.sockets = new SimSockets(descriptors, network);
    }

    /** A kernel without faults. */
    public static SimKernel create(long seed) {
        return create(seed, SimFaults.none());
    }

    /** A kernel with faults, all decided by {@code seed}. */
    public static SimKernel create(long seed, SimFaults faults) {
        return new SimKernel(seed, faults);
    }

    @Override
    public String name() {
        return "sim";
    }

    /** What replays this simulation. */
    public long seed() {
        return seed;
    }

    /** The faults in force. */
    public SimFaults faults() {
        return faults;
    }

    /** Changes the faults from now on; {@link SimFaults#none()} lets everything come to its end. */
    public void faults(SimFaults changed) {
        faults = changed;
    }

    @Override
    public SimRing openRing(RingSetup setup) {
        if (!descriptors.roomBelow(descriptors.limit)) {
            throw new EngineException("io_uring_setup", Errno.EMFILE, "raise the descriptorLimit of " + this);
        }
        if (ringsToRefuse > 0) {
            ringsToRefuse--;
            counters.refusedRings++;
            throw new KernelRefused(Reason.BLOCKED, "io_uring_setup", Errno.EPERM, "refuseRings of " + this);
        }
        SimRing opened = new SimRing(this, setup);
        ring = opened;
        return opened;
    }

    @Override
    public Sockets sockets() {
        return sockets;
    }

    @Override
    public boolean capsBundles() {
        return true;
    }

    @Override
    public long nanoTime() {
        return agenda.now();
    }

    @Override
    public MemorySegment mapMemory(long bytes) {
        MemorySegment memory = Arena.ofAuto().allocate(bytes, PAGE_BYTES);
        mapped.put(memory.address(), memory);
        return memory;
    }

    /** {@inheritDoc} Here it is overwritten, so that a late reader notices. */
    @Override
    public void unmapMemory(MemorySegment memory) {
        MemorySegment owned = mapped.remove(memory.address());
        if (owned == null) {
            throw new IllegalArgumentException("this memory is not mapped, or was unmapped before; " + this);
        }
        owned.fill((byte) 0xdd);
    }

    /** Bytes mapped and not unmapped. */
    public long mappedBytes() {
        return mapped.values().stream().mapToLong(MemorySegment::byteSize).sum();
    }

    /** Connects a peer to whoever listens on {@code port}; the peer is refused if nobody does. */
    public SimPeer connect(int port) {
        return connect(Network.loopback(port));
    }

    /** Connects a peer to whoever listens on {@code address}; the peer is refused if nobody does. */
    public SimPeer connect(SocketAddress address) {
        SocketAddress remote = Network.reachable(address);
        Endpoint end = new Endpoint(network.clientAddress(remote), remote);
        SimSocket listener = network.listener(remote);
        if (listener == null) {
            end.reset();
            return new SimPeer(this, end, true);
        }
        listener.queue(end.other);
        return new SimPeer(this, end, false);
    }

    /** Listens on {@code port} with peers, for what connects from a ring. */
    public SimPeerListener listenPeer(int port) {
        SimPeerListener listener = new SimPeerListener(this, port);
        network.add(listener);
        return listener;
    }

    /** Runs {@code action} when virtual time has moved by {@code delayNanos}: a wait of a ring moves it there. */
    public void schedule(long delayNanos, Runnable action) {
        agenda.add(delayNanos, action);
    }

    /** Moves virtual time and runs what was scheduled on the way. */
    public void advance(long nanos) {
        if (nanos < 0) {
            throw new IllegalArgumentException("nanos is " + nanos + ", time only moves forward");
        }
        pass(nanos);
    }

    /** Descriptors get numbers below {@code limit}, like {@code RLIMIT_NOFILE}; an armed accept keeps the old limit. */
    public void descriptorLimit(int limit) {
        descriptors.limit = limit;
    }

    /** Open descriptors; each open ring has one for its wake-up. */
    public int openDescriptors() {
        return descriptors.open();
    }

    /** The next {@code count} rings are refused, as by a seccomp filter; 0 permits them again. */
    public void refuseRings(int count) {
        ringsToRefuse = count;
    }

    /** Rings opened from now on have at most {@code entries} of a completion queue, so that it overflows. */
    public void cqEntriesMax(int entries) {
        cqEntriesMax = entries;
    }

    int cqEntriesMax() {
        return cqEntriesMax;
    }

    /** The descriptor of the ring's end of {@code peer}'s connection, -1 if it has none: not accepted yet, or closed. */
    public int descriptorOf(SimPeer peer) {
        return descriptors.find(file -> file instanceof SimSocket socket && socket.endpoint == peer.end().other);
    }

    /** Whether {@code peer} waits for an accept. */
    public boolean inBacklog(SimPeer peer) {
        return descriptors.find(file -> file instanceof SimSocket socket && socket.backlog.contains(peer.end().other))
                >= 0;
    }

    /** Completions that nobody ever saw: lost, or not reaped when their ring was closed. */
    public List<SimRing.Completion> lostCompletions() {
        return Collections.unmodifiableList(lost);
    }

    void lost(SimRing.Completion completion) {
        lost.add(completion);
        if (completion.opcode() == Abi.IORING_OP_ACCEPT && completion.result() >= 0) {
            counters.lostAccepts++;
        }
    }

    /** The ring that was opened last, to break it. */
    public SimRing ring() {
        return Objects.requireNonNull(ring, "no ring was opened");
    }

    /** What happened so far. */
    public SimCounters counters() {
        return counters;
    }

    void pass(long nanos) {
        agenda.advanceTo(agenda.now() + nanos);
    }

    void advanceTo(long nanos) {
        agenda.advanceTo(nanos);
    }

    long nextEvent() {
        return agenda.next();
    }

    @Override
    public String toString() {
        return "SimKernel[seed=" + seed + ", virtual time " + nanoTime() + " ns, descriptors " + openDescriptors()
                + "]";
    }
}
