package io.hotpath.kernel.conformance;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.conformance.Script.Op;
import io.hotpath.kernel.conformance.Script.Pair;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** Sending: whole, in part, gathered, cancelled, broken. */
final class SendScenarios {
    /** More than fits into the sockets, and no more than goes out in some dozen pieces. */
    private static final int LARGE_BYTES = 1 << 20;

    private static final int HUGE_BYTES = 4 << 20;

    private SendScenarios() {}

    static List<Scenario> all() {
        return List.of(
                Scenario.of("a send goes out", s -> {
                    Pair c = s.connected();
                    s.send("c", c.fd(), "hello");
                    s.await(1);
                    s.note("peer", text(s.read(c.peer(), 5)));
                }),
                Scenario.of("nothing is sent at once", s -> {
                    Pair c = s.connected();
                    s.send("c", c.fd(), "");
                    s.await(1);
                }),
                Scenario.of("a gathered send is one completion", s -> {
                    Pair c = s.connected();
                    s.sendmsg("c", c.fd(), s.message(s.bytes("one "), s.bytes(""), s.bytes("two")).address(),
                            Abi.MSG_WAITALL);
                    s.await(1);
                    s.note("peer", text(s.read(c.peer(), 7)));
                }),
                Scenario.of("a list of 1024 parts goes, of 1025 does not", s -> {
                    Pair c = s.connected();
                    s.sendmsg("c", c.fd(), s.message(parts(s, Abi.IOV_MAX)).address(), Abi.MSG_WAITALL);
                    s.await(1);
                    s.sendmsg("c", c.fd(), s.message(parts(s, Abi.IOV_MAX + 1)).address(), Abi.MSG_WAITALL);
                    s.await(1);
                    s.note("peer", s.read(c.peer(), Abi.IOV_MAX).length);
                }),
                Scenario.of("a list at address 0 is a fault", s -> {
                    Pair c = s.connected();
                    s.sendmsg("c", c.fd(), 0, 0);
                    s.await(1);
                }),
                Scenario.of("MSG_WAITALL goes on until all is out", s -> {
                    Pair c = small(s);
                    s.send("c", c.fd(), pattern(s, LARGE_BYTES), Abi.MSG_WAITALL | Abi.MSG_NOSIGNAL);
                    s.quiet();
                    s.note("c", "waits");
                    s.note("peer", isPattern(s.read(c.peer(), LARGE_BYTES), LARGE_BYTES));
                    s.await(1);
                }),
                Scenario.of("a gathered MSG_WAITALL in more than 128 pieces", s -> {
                    Pair c = s.connected();
                    s.kernel.sockets().setOption(c.fd(), Abi.SOL_SOCKET, Abi.SO_SNDBUF, 2 * 1024);
                    MemorySegment all = pattern(s, HUGE_BYTES);
                    long message = s.message(all.asSlice(0, 1), all.asSlice(1)).address();
                    Op send = s.sendmsg("", c.fd(), message, Abi.MSG_WAITALL);
                    ByteArrayOutputStream got = new ByteArrayOutputStream();
                    s.until(() -> {
                        got.writeBytes(c.peer().read());
                        return send.over;
                    });
                    s.note("c", send.lastResult == HUGE_BYTES ? "all" : send.lastResult > 0 ? "a part" : "nothing");
                    got.writeBytes(s.read(c.peer(), send.lastResult - got.size()));
                    s.note("peer", isPattern(got.toByteArray(), send.lastResult) ? "as told" : "not as told");
                    s.send("c", c.fd(), "on");
                    s.await(1);
                }),
                Scenario.of("msghdr and iovecs overwritten right after their submission", s -> {
                    Pair c = small(s);
                    MemorySegment all = pattern(s, LARGE_BYTES);
                    MemorySegment message = s.message(all.asSlice(0, 1000), all.asSlice(1000, LARGE_BYTES / 2),
                            all.asSlice(1000 + LARGE_BYTES / 2, LARGE_BYTES - LARGE_BYTES / 2 - 1000));
                    s.sendmsg("c", c.fd(), message.address(), Abi.MSG_WAITALL);
                    s.enter(0, false, 0);
                    message.fill((byte) 0x5a);
                    s.note("peer", isPattern(s.read(c.peer(), LARGE_BYTES), LARGE_BYTES));
                    s.await(1);
                }),
                Scenario.of("without MSG_WAITALL a send is short", s -> {
                    Pair c = small(s);
                    Op send = s.send("", c.fd(), pattern(s, LARGE_BYTES), Abi.MSG_NOSIGNAL);
                    s.until(() -> send.over);
                    s.note("c", part(send.lastResult));
                }),
                Scenario.of("MSG_DONTWAIT on a full socket is EAGAIN", s -> {
                    Pair c = small(s);
                    Op send = s.send("", c.fd(), pattern(s, LARGE_BYTES), Abi.MSG_NOSIGNAL);
                    s.until(() -> send.over);
                    fill(s, c);
                    s.note("c", "full");
                }),
                Scenario.of("a cancel midway tells how much went out", s -> {
                    Pair c = small(s);
                    Op send = s.send("", c.fd(), pattern(s, LARGE_BYTES), Abi.MSG_WAITALL | Abi.MSG_NOSIGNAL);
                    s.quiet();
                    Op cancel = s.cancel("cancel", send);
                    s.until(() -> send.over && cancel.over);
                    s.note("c", part(send.lastResult));
                    byte[] got = s.read(c.peer(), send.lastResult);
                    s.note("peer", got.length == send.lastResult && isPattern(got, got.length));
                    s.send("c", c.fd(), "on");
                    s.until(() -> c.peer().read().length == 2);
                    s.quiet();
                }),
                Scenario.of("a cancel of a gathered send midway tells how much went out", s -> {
                    Pair c = small(s);
                    MemorySegment all = pattern(s, LARGE_BYTES);
                    long message = s.message(all.asSlice(0, 10), all.asSlice(10)).address();
                    Op send = s.sendmsg("", c.fd(), message, Abi.MSG_WAITALL);
                    s.quiet();
                    Op cancel = s.cancel("cancel", send);
                    s.until(() -> send.over && cancel.over);
                    s.note("c", part(send.lastResult));
                    byte[] got = s.read(c.peer(), send.lastResult);
                    s.note("peer", got.length == send.lastResult && isPattern(got, got.length));
                }),
                Scenario.of("a cancel before a byte went out is ECANCELED", s -> {
                    Pair c = small(s);
                    fill(s, c);
                    Op send = s.send("c", c.fd(), "late");
                    s.quiet();
                    s.cancel("cancel", send);
                    s.await(2);
                }),
                Scenario.of("a reset midway is a short positive result, then EPIPE", s -> {
                    Pair c = small(s);
                    Op send = s.send("", c.fd(), pattern(s, LARGE_BYTES), Abi.MSG_WAITALL | Abi.MSG_NOSIGNAL);
                    s.quiet();
                    c.peer().reset();
                    s.until(() -> send.over);
                    s.note("c", part(send.lastResult));
                    s.quiet();
                    s.send("c", c.fd(), "x");
                    s.await(1);
                    s.send("c", c.fd(), "x");
                    s.await(1);
                }),
                Scenario.of("a skipped success that is short is told", s -> {
                    Pair c = small(s);
                    Op send = s.sqe("", "send", Abi.IORING_OP_SEND, c.fd()).flags(Abi.IOSQE_CQE_SKIP_SUCCESS)
                            .address(pattern(s, LARGE_BYTES).address()).word(Abi.SQE_LEN, LARGE_BYTES)
                            .opFlags(Abi.MSG_WAITALL | Abi.MSG_NOSIGNAL).op;
                    s.quiet();
                    c.peer().reset();
                    s.until(() -> send.over);
                    s.note("c", part(send.lastResult));
                }),
                Scenario.of("a skipped success is silent", s -> {
                    Pair c = s.connected();
                    MemorySegment text = s.bytes("silent");
                    s.sqe("c", "send", Abi.IORING_OP_SEND, c.fd()).flags(Abi.IOSQE_CQE_SKIP_SUCCESS)
                            .address(text.address()).word(Abi.SQE_LEN, 6).opFlags(Abi.MSG_WAITALL);
                    s.note("peer", text(s.read(c.peer(), 6)));
                    s.quiet();
                }),
                Scenario.of("a send after the own end is EPIPE", s -> {
                    Pair c = s.connected();
                    s.shutdown("c", c.fd(), Abi.SHUT_WR);
                    s.await(1);
                    s.awaitEnd(c.peer());
                    s.send("c", c.fd(), "x");
                    s.await(1);
                }),
                Scenario.of("a send on nothing, or on what is not connected", s -> {
                    s.send("nothing", 9_999, "x");
                    s.await(1);
                    s.send("socket", s.socket(), "x");
                    s.await(1);
                }),
                Scenario.of("sending and receiving do not disturb each other", s -> {
                    Pair c = small(s);
                    s.publish(8);
                    s.recv("in", c.fd());
                    s.send("out", c.fd(), pattern(s, LARGE_BYTES), Abi.MSG_WAITALL | Abi.MSG_NOSIGNAL);
                    s.quiet();
                    c.peer().send("meanwhile");
                    s.await(1);
                    s.note("peer", isPattern(s.read(c.peer(), LARGE_BYTES), LARGE_BYTES));
                    s.await(1);
                    c.peer().send("after");
                    s.await(1);
                }));
    }

    /** A connection whose sending side takes little. */
    private static Pair small(Script s) {
        Pair pair = s.connected();
        s.kernel.sockets().setOption(pair.fd(), Abi.SOL_SOCKET, Abi.SO_SNDBUF, 16 * 1024);
        return pair;
    }

    private static void fill(Script s, Pair c) {
        MemorySegment bytes = pattern(s, 64 * 1024);
        for (int full = 0; full < 3;) {
            Op send = s.send("", c.fd(), bytes, Abi.MSG_NOSIGNAL | Abi.MSG_DONTWAIT);
            s.until(() -> send.over);
            full = send.lastResult < 0 ? full + 1 : 0;
            s.quiet(); // the network may still take some off
        }
    }

    private static MemorySegment[] parts(Script s, int count) {
        MemorySegment[] parts = new MemorySegment[count];
        Arrays.fill(parts, s.bytes("x"));
        return parts;
    }

    private static MemorySegment pattern(Script s, int count) {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = at(i);
        }
        return s.arena.allocate(count).copyFrom(MemorySegment.ofArray(bytes));
    }

    private static boolean isPattern(byte[] bytes, int count) {
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] != at(i)) {
                return false;
            }
        }
        return bytes.length == count;
    }

    private static byte at(int index) {
        return (byte) (index * 31 + (index >>> 8) * 7);
    }

    private static String part(int result) {
        return result > 0 && result < LARGE_BYTES ? "a part" : String.valueOf(result);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
