package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** F-14, F-70, F-73: bursts, bad cables and no cable, in networks that the children have to themselves. */
@Tag("forked")
@Tag("faults")
final class NetworkIT {
    private static final int BURST = 500;
    private static final int BACKLOG = 8;
    private static final int SYS_KILL = 62;
    private static final int SIGSTOP = 19;
    private static final Pattern DROPPED = Pattern.compile("dropped (\\d+)");

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void serverOutlivesABurstBeyondItsBacklog(String kernel) {
        try (EchoBed bed = EchoBed.in(Child.under(Network.own()), kernel + " backlog=" + BACKLOG);
                Child peers = Child.under(Network.of(bed.child()))) {
            Child server = bed.child();
            assertThat(server.ask("block").status()).isEqualTo(Answer.OK);
            peers.send("burst 127.0.0.1 " + bed.port() + ' ' + BURST);
            bed.until("the backlog overflowed", s -> Network.counter(server, "ListenOverflows") > 0);
            server.ask("unblock");

            Answer burst = peers.nextAfter(60); // who found no room tries again after 1, 3, 7, 15 seconds
            System.out.println("burst: " + burst + " of " + BURST + ", " + Network.counter(server, "ListenOverflows")
                    + " times the backlog of " + BACKLOG + " was full");
            assertThat(burst.number("served")).as(burst.toString()).isGreaterThan(2 * BACKLOG);
            String calm = "peer 127.0.0.1 " + bed.port() + ' ' + (1 << 20) + " 14";
            assertThat(peers.ask(calm).status()).isEqualTo(Answer.OK);
            bed.end();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void pulledCableEndsItsConnectionAndNothingElse(String kernel) {
        try (EchoBed bed = EchoBed.in(Child.under(Network.own()), kernel + " address=any usertimeout=1000");
                Child peer = Child.under(Network.own());
                Child local = Child.under(Network.of(bed.child()))) {
            Network.cable(bed.child(), peer);
            peer.send("peer " + Network.SERVER + ' ' + bed.port() + ' ' + (4L << 30) + " 70");
            bed.until("it flows", s -> s.number("bytesIn") > 1 << 20);
            Native.syscall(SYS_KILL, peer.pid(), SIGSTOP); // so that there is something it has not taken
            bed.until("blocked",
                    s -> s.number("bytesIn") > s.number("bytesOut") && s.number("bytesIn") == bed.count("bytesIn"));

            Network.run(peer, "ip link set v1 down");
            Answer ended = bed.until("given up", s -> s.number("closedByFailure") == 1);
            assertThat(ended.text("lastErrno")).isIn("ETIMEDOUT", "EHOSTUNREACH", "EPIPE");
            assertThat(local.ask("peer 127.0.0.1 " + bed.port() + ' ' + (1 << 20) + " 71").status())
                    .isEqualTo(Answer.OK);
            bed.end();
            ProcessHandle.of(peer.pid()).orElseThrow().destroyForcibly(); // it still waits for the rest
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void slowCableThatDropsWhatIsTooMuch(String kernel) {
        Tools.require("tc");
        try (EchoBed bed = EchoBed.in(Child.under(Network.own()), kernel + " address=any");
                Child peer = Child.under(Network.own())) {
            Network.cable(bed.child(), peer);
            String limit = " root tbf rate 2mbit burst 4kb latency 50ms";
            Network.run(bed.child(), "tc qdisc add dev v0" + limit);
            Network.run(peer, "tc qdisc add dev v1" + limit);
            assertEchoes(bed, peer, 512 << 10);
            assertThat(dropped(bed.child(), "v0") + dropped(peer, "v1")).as("packets dropped").isPositive();
            bed.end(512 << 10);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void smallPackets(String kernel) {
        Tools.require("ss");
        try (EchoBed bed = EchoBed.in(Child.under(Network.own()), kernel + " address=any");
                Child peer = Child.under(Network.own())) {
            Network.cable(bed.child(), peer);
            Network.run(bed.child(), "ip link set v0 mtu 576");
            Network.run(peer, "ip link set v1 mtu 576");
            peer.send("peer " + Network.SERVER + ' ' + bed.port() + ' ' + (256L << 20) + " 73");
            bed.until("segments are small", s -> Network.run(bed.child(), "ss -tin").contains("mss:524"));
            assertThat(peer.nextAfter(60).number("bytes")).isEqualTo(256L << 20);
            bed.end(256L << 20);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void fivePercentAreLost(String kernel) {
        Tools.require("nft");
        try (EchoBed bed = EchoBed.in(Child.under(Network.own()), kernel + " address=any");
                Child peer = Child.under(Network.own())) {
            Network.cable(bed.child(), peer);
            Network.run(bed.child(),
                    "nft add table ip t && nft 'add chain ip t in { type filter hook input priority 0; }'"
                            + " && nft add rule ip t in numgen random mod 100 '<' 5 counter drop");
            assertEchoes(bed, peer, 4 << 20);
            assertThat(Network.run(bed.child(), "nft list ruleset")).containsPattern("counter packets [1-9]");
            bed.end(4 << 20);
        }
    }

    private static void assertEchoes(EchoBed bed, Child peer, long bytes) {
        peer.send("peer " + Network.SERVER + ' ' + bed.port() + ' ' + bytes + " 73");
        Answer echoed = peer.nextAfter(90);
        assertThat(echoed.status()).as(echoed.toString()).isEqualTo(Answer.OK);
    }

    private static long dropped(Child child, String device) {
        Matcher dropped = DROPPED.matcher(Network.run(child, "tc -s qdisc show dev " + device));
        assertThat(dropped.find()).isTrue();
        return Long.parseLong(dropped.group(1));
    }
}
