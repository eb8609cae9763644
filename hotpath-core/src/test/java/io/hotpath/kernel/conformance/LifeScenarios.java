package io.hotpath.kernel.conformance;

import static io.hotpath.kernel.conformance.Script.BUFFERS;
import static io.hotpath.kernel.conformance.Script.GROUP;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.SocketAddresses;
import io.hotpath.kernel.conformance.Script.Op;
import io.hotpath.kernel.conformance.Script.Pair;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.util.List;

/** Accept, connect, close, cancel, poll, and the ring itself. */
final class LifeScenarios {
    private static final int IOSQE_IO_DRAIN = 1 << 1;

    private LifeScenarios() {}

    static List<Scenario> ring() {
        return List.of(
                Scenario.of("operations without a file complete in order", s -> {
                    s.nop("ring");
                    s.nop("ring");
                    s.note("enter", s.enter(1, true, -1));
                    s.await(2);
                }),
                Scenario.of("what is not allowed is refused", s -> {
                    s.sqe("ring", "openat", Abi.IORING_OP_OPENAT, -1);
                    s.await(1);
                    s.sqe("ring", "nop", Abi.IORING_OP_NOP, -1).flags(IOSQE_IO_DRAIN);
                    s.await(1);
                }),
                Scenario.of("a buffer for who takes none is refused", s -> {
                    s.sqe("ring", "nop", Abi.IORING_OP_NOP, -1).flags(Abi.IOSQE_BUFFER_SELECT);
                    s.await(1);
                    s.sqe("ring", "accept", Abi.IORING_OP_ACCEPT, s.listen()).flags(Abi.IOSQE_BUFFER_SELECT);
                    s.await(1);
                }),
                Scenario.of("a skipped success is silent, a failure is not", s -> {
                    s.sqe("ring", "nop", Abi.IORING_OP_NOP, -1).flags(Abi.IOSQE_CQE_SKIP_SUCCESS);
                    s.sqe("ring", "close", Abi.IORING_OP_CLOSE, 9_999).flags(Abi.IOSQE_CQE_SKIP_SUCCESS);
                    s.await(1);
                    s.quiet();
                }),
                Scenario.of("a wait ends with its time", s -> {
                    s.note("1 ms", Errno.name(-s.enter(1, true, 1_000_000)));
                    s.note("0 ms", s.enter(1, true, 0));
                    s.note("no wait", s.enter(0, true, -1));
                }),
                Scenario.of("what happens without being asked shows with the events only", s -> {
                    Pair c = s.connected();
                    s.publish(1);
                    s.recv("c", c.fd());
                    s.quiet();
                    c.peer().send("x");
                    s.enter(0, false, 0);
                    s.note("without", s.reap());
                    s.await(1);
                }),
                Scenario.of("a buffer ring is registered once and unregistered once", s -> {
                    MemorySegment other = s.kernel.mapMemory(4096);
                    s.note("ring", s.ring.registerBufferRing(other, BUFFERS, GROUP));
                    s.note("ring", s.ring.registerBufferRing(other, 3, 1));
                    s.note("ring", s.ring.registerBufferRing(other, BUFFERS, 1));
                    s.note("ring", s.ring.bufferRingHead(1));
                    s.note("ring", s.ring.unregisterBufferRing(1));
                    s.note("ring", s.ring.unregisterBufferRing(1));
                    s.note("ring", s.ring.bufferRingHead(1));
                    s.kernel.unmapMemory(other);
                }),
                Scenario.of("wakes are events of one poll", s -> {
                    s.poll("wake", s.ring.wakeFd(), Abi.POLLIN | Abi.EPOLLET, true);
                    s.quiet();
                    s.ring.wake();
                    s.await(1);
                    s.quiet();
                    s.ring.wake();
                    s.await(1);
                    s.quiet();
                }),
                Scenario.of("a wake before the poll counts", s -> {
                    s.ring.wake();
                    s.poll("wake", s.ring.wakeFd(), Abi.POLLIN | Abi.EPOLLET, true);
                    s.await(1);
                    s.quiet();
                }));
    }

    static List<Scenario> accept() {
        return List.of(
                Scenario.of("a multishot accepts again and again", s -> {
                    int listener = s.listen();
                    s.accept("accept", listener);
                    s.quiet();
                    s.world.connect(s.address(listener));
                    s.await(1);
                    s.world.connect(s.address(listener));
                    s.await(1);
                    s.quiet();
                }),
                Scenario.of("who came before the accept is accepted", s -> {
                    int listener = s.listen();
                    s.world.connect(s.address(listener));
                    s.world.connect(s.address(listener));
                    s.accept("accept", listener);
                    s.await(2);
                    s.quiet();
                }),
                Scenario.of("poll-first accepts as well", s -> {
                    int listener = s.listen();
                    s.world.connect(s.address(listener));
                    pollFirst(s, listener);
                    s.await(1);
                    s.world.connect(s.address(listener));
                    s.await(1);
                    s.quiet();
                }),
                Scenario.of("a single shot accepts once", s -> {
                    int listener = s.listen();
                    s.sqe("accept", "accept", Abi.IORING_OP_ACCEPT, listener);
                    s.world.connect(s.address(listener));
                    s.await(1);
                    s.world.connect(s.address(listener));
                    s.quiet();
                }),
                Scenario.of("accept on nothing, or on what does not listen", s -> {
                    s.accept("nothing", 9_999);
                    s.await(1);
                    s.accept("socket", s.socket());
                    s.await(1);
                }),
                Scenario.of("a cancelled accept leaves the backlog alone", s -> {
                    int listener = s.listen();
                    Op accept = s.accept("accept", listener);
                    s.quiet();
                    s.cancel("cancel", accept);
                    s.await(2);
                    s.world.connect(s.address(listener));
                    s.quiet();
                    s.accept("accept", listener);
                    s.await(1);
                }),
                Scenario.of("a connection that was reset in the backlog is accepted", s -> {
                    int listener = s.listen();
                    Peer peer = s.world.connect(s.address(listener));
                    peer.reset();
                    s.accept("accept", listener);
                    s.await(1);
                    int fd = s.accepted();
                    s.publish(2);
                    s.recv("c", fd);
                    s.await(1);
                    s.recv("c", fd);
                    s.await(1);
                    s.send("c", fd, "x");
                    s.await(1);
                }),
                Scenario.of("without a descriptor accept fails although nobody waits", s -> {
                    int listener = warm(s);
                    limited(s, 0, () -> {
                        s.accept("accept", listener);
                        s.await(1);
                        s.quiet();
                    });
                    s.world.connect(s.address(listener));
                    s.accept("accept", listener);
                    s.await(1);
                }),
                Scenario.of("without a descriptor poll-first waits until somebody comes", s -> {
                    int listener = warm(s);
                    limited(s, 1, () -> {
                        pollFirst(s, listener);
                        s.quiet();
                        s.note("accept", "waits");
                        s.world.connect(s.address(listener)); // with the last one
                        s.await(1);
                    });
                    s.accept("accept", listener);
                    s.await(1);
                }),
                Scenario.of("an armed accept and a limit that is raised", s -> {
                    int listener = warm(s);
                    limited(s, 0, () -> {
                        pollFirst(s, listener);
                        s.quiet();
                    });
                    s.world.connect(s.address(listener));
                    s.await(1);
                }));
    }

    static List<Scenario> connect() {
        return List.of(
                Scenario.of("a connect, its bytes and its end", s -> {
                    try (PeerListener listener = s.world.listen()) {
                        int fd = connect(s, listener.address());
                        s.await(1);
                        Peer peer = listener.accept();
                        s.publish(2);
                        s.recv("c", fd);
                        peer.send("hi");
                        s.await(1);
                        peer.finish();
                        s.await(1);
                    }
                }),
                Scenario.of("a refused connect", s -> {
                    PeerListener listener = s.world.listen();
                    SocketAddress address = listener.address();
                    listener.close();
                    connect(s, address);
                    s.await(1);
                }),
                Scenario.of("an address overwritten right after its submission", s -> {
                    try (PeerListener listener = s.world.listen()) {
                        int fd = s.socket();
                        MemorySegment address = s.arena.allocate(SocketAddresses.SOCKADDR_BYTES, 8);
                        int length = SocketAddresses.write(listener.address(), Abi.AF_INET, address);
                        s.connect("c", fd, address, length);
                        s.enter(0, false, 0);
                        address.fill((byte) 0x5a);
                        s.await(1);
                        listener.accept();
                    }
                }),
                Scenario.of("a connect on nothing, without an address, or to an unknown family", s -> {
                    MemorySegment address = s.arena.allocate(16, 8);
                    address.set(Abi.U16, 0, (short) 77);
                    s.connect("nothing", 9_999, address, 16);
                    s.await(1);
                    s.connect("family", s.socket(), address, 16);
                    s.await(1);
                }),
                Scenario.of("a connect that gets no answer waits and can be cancelled", s -> {
                    try (PeerListener listener = s.world.listen()) {
                        listener.silence();
                        int fd = s.socket();
                        Op connect = connect(s, listener.address(), fd);
                        s.quiet();
                        s.note("c", "waits");
                        s.cancel("cancel", connect);
                        s.await(2);
                    }
                }),
                Scenario.of("a connect in progress is finished on another ring, not repeated", s -> {
                    try (PeerListener listener = s.world.listen();
                            Script second = s.secondRing()) {
                        listener.silence();
                        int fd = s.socket();
                        Op connect = connect(s, listener.address(), fd);
                        s.quiet();
                        s.cancel("cancel", connect);
                        s.await(2);
                        // what works everywhere: wait until it is decided, then ask how
                        Op poll = second.poll("", fd, Abi.POLLOUT, false);
                        second.quiet();
                        s.note("c", poll.over ? "decided" : "in progress");
                        listener.answer();
                        second.until(() -> poll.over);
                        s.note("c", "error " + s.kernel.sockets().option(fd, Abi.SOL_SOCKET, Abi.SO_ERROR));
                        second.send("c", fd, "x");
                        second.await(1);
                    }
                }),
                Scenario.of("accept and connect never block the loop", s -> {
                    try (PeerListener listener = s.world.listen()) {
                        listener.silence();
                        Op accept = s.accept("", s.listen());
                        Op connect = connect(s, listener.address(), s.socket());
                        s.nop("ring");
                        s.until(() -> s.hasTraced("ring"));
                        s.note("accept", accept.over ? "over" : "waits");
                        s.note("connect", connect.over ? "over" : "waits");
                    }
                }),
                Scenario.of("connect again when it is connected", s -> {
                    try (PeerListener listener = s.world.listen()) {
                        int fd = connect(s, listener.address());
                        s.await(1);
                        connect(s, listener.address(), fd);
                        s.await(1);
                    }
                }),
                Scenario.of("connect again while it is in progress", s -> {
                    try (PeerListener listener = s.world.listen()) {
                        listener.silence();
                        int fd = s.socket();
                        Op connect = connect(s, listener.address(), fd);
                        s.quiet();
                        s.cancel("cancel", connect);
                        s.await(2);
                        connect(s, listener.address(), fd);
                        s.quiet();
                        listener.answer();
                        Op poll = s.poll("", fd, Abi.POLLOUT, false);
                        s.until(() -> poll.over);
                        s.quiet();
                    }
                }));
    }

    static List<Scenario> end() {
        return List.of(
                Scenario.of("close tells the peer", s -> {
                    Pair c = s.connected();
                    s.close("c", c.fd());
                    s.await(1);
                    s.forget(c.fd());
                    s.awaitEnd(c.peer());
                    s.close("nothing", 9_999);
                    s.await(1);
                }),
                Scenario.of("close with bytes unread resets", s -> {
                    Pair c = s.connected();
                    c.peer().send("unread");
                    s.quiet();
                    s.close("c", c.fd());
                    s.await(1);
                    s.forget(c.fd());
                    s.awaitEnd(c.peer());
                }),
                Scenario.of("a receive keeps the file of a closed number", s -> {
                    Pair c = s.connected();
                    s.publish(8);
                    Op recv = s.recv("c", c.fd());
                    s.quiet();
                    s.close("close", c.fd());
                    s.await(1);
                    s.forget(c.fd());
                    s.quiet();
                    c.peer().read();
                    s.note("peer", c.peer().sawEnd());
                    c.peer().send("still");
                    s.await(1);
                    s.cancel("cancel", recv);
                    s.await(2);
                    s.awaitEnd(c.peer());
                }),
                Scenario.of("a number closed while armed and reused at once", s -> {
                    int listener = s.listen();
                    s.accept("", listener);
                    Peer old = s.world.connect(s.address(listener));
                    int[] fd = new int[2];
                    accept(s, fd, 0);
                    s.publish(8);
                    s.recv("old", fd[0]);
                    s.quiet();
                    s.close("close", fd[0]);
                    s.await(1);
                    s.forget(fd[0]);
                    Peer young = s.world.connect(s.address(listener));
                    accept(s, fd, 1);
                    s.recv("young", fd[1]);
                    s.quiet();
                    young.send("to young");
                    s.await(1);
                    old.send("to old");
                    s.await(1);
                    young.finish();
                    s.await(1);
                    old.finish();
                    s.await(1);
                }),
                Scenario.of("a cancel is two completions", s -> {
                    Pair c = s.connected();
                    s.publish(8);
                    Op recv = s.recv("c", c.fd());
                    s.quiet();
                    s.cancel("cancel", recv);
                    s.await(2);
                    c.peer().send("between");
                    s.quiet();
                    s.recv("c", c.fd());
                    s.await(1);
                }),
                Scenario.of("a cancel of everything counts", s -> {
                    Pair a = s.connected();
                    Pair b = s.connected();
                    s.publish(8);
                    s.recv("a", a.fd());
                    s.recv("b", b.fd());
                    s.accept("accept", s.listen());
                    s.poll("wake", s.ring.wakeFd(), Abi.POLLIN | Abi.EPOLLET, true);
                    s.quiet();
                    s.cancelAll("cancel");
                    s.await(5);
                    s.cancelAll("cancel");
                    s.await(1);
                }),
                Scenario.of("a cancel of nobody", s -> {
                    Op nop = s.nop("ring");
                    s.await(1);
                    s.cancel("cancel", nop);
                    s.await(1);
                }),
                Scenario.of("a cancel that comes in the batch of its target", s -> {
                    Pair c = s.connected();
                    s.publish(8);
                    Op recv = s.recv("c", c.fd());
                    s.cancel("cancel", recv);
                    s.await(2);
                    s.quiet();
                }),
                Scenario.of("a shut output tells the peer", s -> {
                    Pair c = s.connected();
                    s.publish(8);
                    s.recv("c", c.fd());
                    s.shutdown("shutdown", c.fd(), Abi.SHUT_WR);
                    s.await(1);
                    s.awaitEnd(c.peer());
                    c.peer().send("back");
                    s.await(1);
                    s.shutdown("socket", s.socket(), Abi.SHUT_WR);
                    s.await(1);
                }),
                Scenario.of("a poll tells that the peer has left", s -> {
                    Pair c = s.connected();
                    s.poll("c", c.fd(), Abi.POLLRDHUP, false);
                    s.quiet();
                    c.peer().send("not an end");
                    s.quiet();
                    c.peer().finish();
                    s.await(1);
                    s.poll("c", c.fd(), Abi.POLLRDHUP, false);
                    s.await(1);
                }),
                Scenario.of("a poll always tells errors", s -> {
                    Pair c = s.connected();
                    s.poll("c", c.fd(), Abi.POLLRDHUP, false);
                    s.quiet();
                    c.peer().reset();
                    s.await(1);
                }),
                Scenario.of("a poll beside an armed receive", s -> {
                    Pair c = s.connected();
                    s.publish(8);
                    s.recv("recv", c.fd());
                    s.poll("poll", c.fd(), Abi.POLLRDHUP, false);
                    s.quiet();
                    c.peer().send("x");
                    s.await(1);
                    c.peer().finish();
                    s.await(2);
                }),
                Scenario.of("a poll is removed once", s -> {
                    Pair c = s.connected();
                    Op poll = s.poll("c", c.fd(), Abi.POLLRDHUP, false);
                    s.quiet();
                    for (int i = 0; i < 2; i++) {
                        s.sqe("remove", "remove", Abi.IORING_OP_POLL_REMOVE, -1).address(poll.userData);
                        s.await(i == 0 ? 2 : 1);
                    }
                    s.poll("nothing", 9_999, Abi.POLLIN, false);
                    s.await(1);
                }));
    }

    private static void accept(Script s, int[] fds, int index) {
        s.until(() -> s.hasAccepted());
        s.expectNothingElse();
        fds[index] = s.accepted();
    }

    private static void pollFirst(Script s, int listener) {
        s.sqe("accept", "accept", Abi.IORING_OP_ACCEPT, listener)
                .ioprio(Abi.IORING_ACCEPT_MULTISHOT | Abi.IORING_ACCEPT_POLL_FIRST)
                .opFlags(Abi.SOCK_CLOEXEC | Abi.SOCK_NONBLOCK);
    }

    private static int connect(Script s, SocketAddress address) {
        int fd = s.socket();
        connect(s, address, fd);
        return fd;
    }

    private static Op connect(Script s, SocketAddress address, int fd) {
        MemorySegment memory = s.arena.allocate(SocketAddresses.SOCKADDR_BYTES, 8);
        return s.connect("c", fd, memory, SocketAddresses.write(address, Abi.AF_INET, memory));
    }

    /** A listener that has accepted once, so that everything it takes is loaded. */
    private static int warm(Script s) {
        int listener = s.listen();
        Op accept = s.accept("", listener);
        s.world.connect(s.address(listener));
        s.until(() -> accept.completions == 1);
        Op cancel = s.cancel("", accept);
        s.until(() -> accept.over && cancel.over);
        s.quiet();
        return listener;
    }

    private static void limited(Script s, int free, Runnable steps) {
        try (AutoCloseable _ = s.world.descriptorsLeft(free)) {
            steps.run();
        } catch (Exception failed) {
            throw new AssertionError(failed);
        }
    }
}
