package io.hotpath.kernel.conformance;

import static io.hotpath.kernel.conformance.Script.BUFFER_BYTES;
import static io.hotpath.kernel.conformance.Script.GROUP;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.conformance.Script.Op;
import io.hotpath.kernel.conformance.Script.Pair;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Receiving: buffers, ends, caps, bursts. */
final class RecvScenarios {
    private static final int FLOOD_BYTES = 40 * BUFFER_BYTES;

    private RecvScenarios() {}

    static List<Scenario> all() {
        return List.of(
                Scenario.of("a multishot receives again and again", s -> {
                    Pair c = armed(s);
                    for (String text : List.of("one", "two", "three")) {
                        c.peer().send(text);
                        s.await(1);
                    }
                    s.quiet();
                }),
                Scenario.of("what came before the receive is there at once", s -> {
                    Pair c = s.connected();
                    s.publish(8);
                    c.peer().send("early");
                    s.quiet();
                    s.recv("c", c.fd());
                    s.await(1);
                    s.quiet();
                }),
                Scenario.of("the end is a 0 without a buffer", s -> {
                    Pair c = armed(s);
                    c.peer().finish();
                    s.await(1);
                    s.quiet();
                    s.note("head", s.ring.bufferRingHead(GROUP));
                }),
                Scenario.of("bytes and the end in one go", s -> {
                    Pair c = s.connected();
                    s.publish(8);
                    c.peer().send("last");
                    c.peer().finish();
                    s.quiet();
                    s.recv("c", c.fd());
                    s.await(2);
                    s.quiet();
                }),
                Scenario.of("a reset ends a receive", s -> {
                    Pair c = armed(s);
                    c.peer().send("x");
                    s.await(1);
                    c.peer().reset();
                    s.await(1);
                    s.recv("c", c.fd());
                    s.await(1);
                }),
                Scenario.of("an empty buffer ring is ENOBUFS although the socket is idle", s -> {
                    Pair c = s.connected();
                    s.recv("c", c.fd());
                    s.await(1);
                    s.quiet();
                }),
                Scenario.of("the last buffer is used, then ENOBUFS, and nothing is lost", s -> {
                    Pair c = s.connected();
                    s.publish(1);
                    s.recv("c", c.fd());
                    c.peer().send("first");
                    s.await(1);
                    c.peer().send("second");
                    s.await(1);
                    s.publish(1);
                    s.recv("c", c.fd());
                    s.await(1);
                    s.quiet();
                }),
                Scenario.of("the end hides behind ENOBUFS", s -> {
                    Pair c = s.connected();
                    s.publish(1);
                    s.recv("c", c.fd());
                    c.peer().send("x");
                    s.await(1);
                    c.peer().finish();
                    s.await(1);
                    s.publish(1);
                    s.recv("c", c.fd());
                    s.await(1);
                }),
                Scenario.of("poll-first waits on an empty ring until data come", s -> {
                    Pair c = s.connected();
                    s.recvSqe("c", c.fd()).ioprio(Abi.IORING_RECV_MULTISHOT | Abi.IORING_RECVSEND_POLL_FIRST);
                    s.quiet();
                    s.note("c", "idle");
                    c.peer().send("x");
                    s.await(1);
                    s.publish(1);
                    s.recv("c", c.fd());
                    s.await(1);
                }),
                Scenario.of("poll-first finds what is there already", s -> {
                    Pair c = s.connected();
                    s.publish(2);
                    c.peer().send("x");
                    s.quiet();
                    s.recvSqe("c", c.fd()).ioprio(Abi.IORING_RECV_MULTISHOT | Abi.IORING_RECVSEND_POLL_FIRST);
                    s.await(1);
                }),
                Scenario.of("a long message fills buffer after buffer", s -> {
                    Pair c = s.connected();
                    s.publish(8);
                    c.peer().send("a".repeat(3 * BUFFER_BYTES + 10));
                    s.quiet();
                    s.recv("c", c.fd());
                    s.await(4);
                    s.note("head", s.ring.bufferRingHead(GROUP));
                    s.quiet();
                }),
                Scenario.of("an exactly full buffer and then silence", s -> {
                    Pair c = armed(s);
                    c.peer().send("b".repeat(BUFFER_BYTES));
                    s.await(1);
                    s.quiet();
                    c.peer().send("more");
                    s.await(1);
                }),
                Scenario.of("len limits each completion", s -> {
                    Pair c = s.connected();
                    s.publish(8);
                    c.peer().send("abcdefghij");
                    s.quiet();
                    s.recvSqe("c", c.fd()).word(Abi.SQE_LEN, 4);
                    s.await(3);
                }),
                Scenario.of("a byte cap ends a multishot and the rest stays", s -> {
                    Pair c = s.connected();
                    s.publish(8);
                    c.peer().send("c".repeat(3 * BUFFER_BYTES));
                    s.quiet();
                    s.recvSqe("c", c.fd()).word(Abi.SQE_OPTLEN, BUFFER_BYTES + 1);
                    s.await(2);
                    s.quiet();
                    s.recv("c", c.fd());
                    s.await(1);
                }),
                Scenario.of("a byte cap counts over several messages", s -> {
                    Pair c = s.connected();
                    s.publish(8);
                    s.recvSqe("c", c.fd()).word(Abi.SQE_OPTLEN, 6);
                    for (String text : List.of("abc", "de", "f")) {
                        c.peer().send(text);
                        s.await(1);
                    }
                    s.quiet();
                }),
                Scenario.of("a byte cap on a single shot is refused", s -> {
                    Pair c = s.connected();
                    s.publish(1);
                    s.recvSqe("c", c.fd()).ioprio(0).word(Abi.SQE_OPTLEN, 6);
                    s.await(1);
                }),
                Scenario.of("a bundle of short messages is a receive each", s -> {
                    Pair c = s.connected();
                    s.publish(8);
                    bundles(s, c, 0);
                    for (String text : List.of("one", "two", "three")) {
                        c.peer().send(text);
                        s.await(1);
                    }
                    c.peer().finish();
                    s.await(1);
                }),
                Scenario.of("a bundle fills buffer after buffer and goes on", s -> {
                    Pair c = s.connected();
                    s.publish(8);
                    c.peer().send("a".repeat(2 * BUFFER_BYTES) + "b".repeat(BUFFER_BYTES) + "rest");
                    s.quiet();
                    bundles(s, c, 0);
                    s.quiet();
                    s.note("head", s.ring.bufferRingHead(GROUP));
                    c.peer().send("more");
                    s.await(1);
                    c.peer().finish();
                    s.await(1);
                }),
                Scenario.of("a bundle ends with the last buffer, and the rest stays", s -> {
                    Pair c = s.connected();
                    s.publish(2);
                    c.peer().send("c".repeat(2 * BUFFER_BYTES) + "rest");
                    s.quiet();
                    bundles(s, c, 0);
                    s.quiet();
                    bundles(s, c, 0);
                    s.await(1);
                    s.publish(2);
                    bundles(s, c, 0);
                    s.quiet();
                }),
                Scenario.of("a capped bundle ends as well when it could have used more buffers than there are", s -> {
                    Pair c = s.connected();
                    s.publish(2);
                    bundles(s, c, 3 * BUFFER_BYTES);
                    c.peer().send("e");
                    s.await(1);
                    s.quiet();
                    s.note("head", s.ring.bufferRingHead(GROUP));
                }),
                Scenario.of("a cap cuts a bundle exactly", s -> {
                    Pair c = s.connected();
                    s.publish(8);
                    c.peer().send("d".repeat(3 * BUFFER_BYTES));
                    s.quiet();
                    bundles(s, c, 2 * BUFFER_BYTES + 10);
                    s.quiet();
                    bundles(s, c, BUFFER_BYTES);
                    s.quiet();
                }),
                Scenario.of("an absurd byte cap", s -> {
                    Pair c = s.connected();
                    s.publish(2);
                    s.recvSqe("c", c.fd()).word(Abi.SQE_OPTLEN, -1);
                    c.peer().send("x");
                    s.await(1);
                    s.quiet();
                }),
                Scenario.of("a single shot receives once", s -> {
                    Pair c = s.connected();
                    s.publish(2);
                    s.recvSqe("c", c.fd()).ioprio(0);
                    c.peer().send("once");
                    s.await(1);
                    c.peer().send("kept");
                    s.quiet();
                    s.recvSqe("c", c.fd()).ioprio(0);
                    s.await(1);
                }),
                Scenario.of("a single shot into the caller's memory", s -> {
                    Pair c = s.connected();
                    var memory = s.arena.allocate(16);
                    s.sqe("c", "recv", Abi.IORING_OP_RECV, c.fd()).address(memory.address()).word(Abi.SQE_LEN, 16);
                    c.peer().send("direct");
                    s.await(1);
                    s.note("memory", memory.getString(0));
                }),
                Scenario.of("MSG_DONTWAIT does not wait", s -> {
                    Pair c = s.connected();
                    s.publish(1);
                    s.recvSqe("c", c.fd()).ioprio(0).opFlags(Abi.MSG_DONTWAIT);
                    s.await(1);
                }),
                Scenario.of("a multishot without a group, or with MSG_WAITALL, is refused", s -> {
                    Pair c = s.connected();
                    s.publish(1);
                    s.recvSqe("c", c.fd()).flags(0);
                    s.await(1);
                    s.recvSqe("c", c.fd()).opFlags(Abi.MSG_WAITALL);
                    s.await(1);
                }),
                Scenario.of("an unknown group is ENOBUFS", s -> {
                    Pair c = s.connected();
                    s.recvSqe("c", c.fd()).group(99);
                    s.await(1);
                }),
                Scenario.of("a receive on nothing, or on what is not connected", s -> {
                    s.publish(1);
                    s.recv("nothing", 9_999);
                    s.await(1);
                    s.recv("socket", s.socket());
                    s.await(1);
                }),
                Scenario.of("the peer has ended its side and still reads", s -> {
                    Pair c = armed(s);
                    c.peer().finish();
                    s.await(1);
                    s.send("c", c.fd(), "still here");
                    s.await(1);
                    s.note("peer", new String(s.read(c.peer(), 10), StandardCharsets.UTF_8));
                }),
                Scenario.of("connections are apart", s -> {
                    Pair a = s.connected();
                    Pair b = s.connected();
                    s.publish(8);
                    s.recv("a", a.fd());
                    s.recv("b", b.fd());
                    a.peer().send("to a");
                    s.await(1);
                    b.peer().send("to b");
                    s.await(1);
                    b.peer().finish();
                    s.await(1);
                    a.peer().send("again");
                    s.await(1);
                }),
                Scenario.of("what a shut input has is still there, then the end", s -> {
                    Pair c = armed(s);
                    c.peer().send("x");
                    s.await(1);
                    s.shutdown("shutdown", c.fd(), Abi.SHUT_RD);
                    s.await(2);
                }),
                new Scenario("an overflow ends a multishot, and nothing is lost", new RingSetup(4, 4, true), s -> {
                    Pair c = s.connected();
                    s.publish(8);
                    c.peer().send("d".repeat(6 * BUFFER_BYTES));
                    s.quiet();
                    s.recv("c", c.fd());
                    s.enter(0, true, 0);
                    s.note("overflow", s.overflowing());
                    s.await(5);
                    s.quiet();
                    s.note("overflow", s.overflowing());
                    s.recv("c", c.fd());
                    s.await(1);
                }),
                Scenario.of("one flooding connection does not starve 99 others", RecvScenarios::flood));
    }

    /** Everybody is served while one has always more: the others need no more turns than they have messages. */
    private static void flood(Script s) {
        Pair flooder = s.connected();
        List<Pair> others = new ArrayList<>();
        for (int i = 0; i < 99; i++) {
            others.add(s.connected());
        }
        s.publish(8);
        flooder.peer().send("f".repeat(FLOOD_BYTES));
        List<Op> receives = new ArrayList<>();
        for (Pair other : others) {
            other.peer().send("x");
        }
        Op[] flooding = {s.recv("", flooder.fd())};
        for (Pair other : others) {
            receives.add(s.recv("", other.fd()));
            s.enter(0, false, 0);
        }
        int[] turns = {0};
        while (receives.stream().anyMatch(op -> op.completions == 0 || op.lastResult < 0) && turns[0] < 10_000) {
            turns[0]++;
            s.enter(1, true, 1_000_000);
            s.publish(s.reap());
            if (flooding[0].over) {
                flooder.peer().read();
                flooding[0] = s.recv("", flooder.fd());
            }
            for (int i = 0; i < receives.size(); i++) {
                if (receives.get(i).over && receives.get(i).lastResult < 0) {
                    receives.set(i, s.recv("", others.get(i).fd()));
                    s.enter(0, false, 0);
                }
            }
            flooder.peer().send("f".repeat(BUFFER_BYTES));
        }
        s.note("others", receives.stream().filter(op -> op.lastResult == 1).count() + " of 99 were served");
    }

    private static void bundles(Script s, Pair c, int cap) {
        s.recvSqe("c", c.fd()).ioprio(Abi.IORING_RECV_MULTISHOT | Abi.IORING_RECVSEND_BUNDLE).word(Abi.SQE_OPTLEN, cap);
    }

    private static Pair armed(Script s) {
        Pair pair = s.connected();
        s.publish(8);
        s.recv("c", pair.fd());
        return pair;
    }
}
