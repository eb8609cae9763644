package io.hotpath.engine;

import java.util.Arrays;
import java.util.stream.Collectors;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/**
 * What a flight recording sees of engines. Never one event per message, and nothing is made or measured unless a recording
 * asks for it. A runtime image without the module {@code jdk.jfr} has no recordings, and none of this is touched there.
 */
final class Flight {
    private static final boolean PRESENT = ModuleLayer.boot().findModule("jdk.jfr").isPresent();

    private Flight() {}

    /** A ring was opened on {@code kernel}. */
    static void kernelOpened(String kernel, @Nullable String refusal) {
        if (PRESENT) {
            KernelOpened.tell(kernel, refusal);
        }
    }

    /** Begins a failover; {@code null} if nobody wants to know. */
    static @Nullable Failover failover() {
        return PRESENT ? Failover.begun() : null;
    }

    /** Connection {@code slot} ended because of {@code limit}. */
    static void connectionReset(int slot, String limit) {
        if (PRESENT) {
            ConnectionReset.tell(slot, limit);
        }
    }

    /** The consumer of connection {@code slot} holds all that it may hold and asks for more. */
    static void quotaStuck(int slot, int leases, long demand) {
        if (PRESENT) {
            QuotaStuck.tell(slot, leases, demand);
        }
    }

    /** One engine's, used again and again. */
    static @Nullable BuffersShort buffersShort() {
        return PRESENT ? new BuffersShort() : null;
    }

    /** One engine's, used again and again. */
    static @Nullable SlowTurn slowTurn() {
        return PRESENT ? new SlowTurn() : null;
    }

    /** Begins {@code event} if a recording wants it, and returns whether it did. */
    static boolean turns(@Nullable SlowTurn event) {
        if (event == null || !event.isEnabled()) {
            return false;
        }
        event.begin();
        return true;
    }

    static void turned(@Nullable SlowTurn event) {
        if (event != null) {
            event.end();
            if (event.shouldCommit()) {
                event.commit();
            }
        }
    }

    /** The watchdog found {@code loop} blocked. */
    static void loopBlocked(Thread loop, long millis, StackTraceElement[] stack) {
        if (PRESENT) {
            LoopBlocked.tell(loop, millis, stack);
        }
    }

    @Name("hotpath.KernelOpened")
    @Label("Kernel Opened")
    @Category("Hotpath")
    @Description("An engine opened a ring")
    @StackTrace(false)
    static final class KernelOpened extends Event {
        @Label("Kernel") String kernel = "";

        @Label("Refusal")
        @Description("Why it is not the first of its policy")
        @Nullable String refusal;

        static void tell(String kernel, @Nullable String refusal) {
            KernelOpened event = new KernelOpened();
            if (event.isEnabled()) {
                event.kernel = kernel;
                event.refusal = refusal;
                event.commit();
            }
        }
    }

    @Name("hotpath.Failover")
    @Label("Failover")
    @Category("Hotpath")
    @Description("An engine moved its listeners and connections to another ring")
    @StackTrace(false)
    static final class Failover extends Event {
        @Label("From") String from = "";

        @Label("To") String to = "";

        @Label("Cause") String cause = "";

        @Label("Connections") int connections;

        static @Nullable Failover begun() {
            Failover event = new Failover();
            if (!event.isEnabled()) {
                return null;
            }
            event.begin();
            return event;
        }

        void ended(String was, String is, String why, int open) {
            from = was;
            to = is;
            cause = why;
            connections = open;
            commit();
        }
    }

    @Name("hotpath.ConnectionReset")
    @Label("Connection Reset by Limit")
    @Category("Hotpath")
    @Description("A connection reached a limit and was reset")
    @StackTrace(false)
    static final class ConnectionReset extends Event {
        @Label("Connection")
        @Description("-1 if it never became one") int connection;

        @Label("Limit") String limit = "";

        static void tell(int slot, String limit) {
            ConnectionReset event = new ConnectionReset();
            if (event.isEnabled()) {
                event.connection = slot;
                event.limit = limit;
                event.commit();
            }
        }
    }

    @Name("hotpath.QuotaStuck")
    @Label("Connection Stuck at its Quota")
    @Category("Hotpath")
    @Description("A consumer holds all the buffers that it may hold, and asks for more")
    @StackTrace(false)
    static final class QuotaStuck extends Event {
        @Label("Connection") int connection;

        @Label("Leases") int leases;

        @Label("Demand") long demand;

        static void tell(int slot, int leases, long demand) {
            QuotaStuck event = new QuotaStuck();
            if (event.isEnabled()) {
                event.connection = slot;
                event.leases = leases;
                event.demand = demand;
                event.commit();
            }
        }
    }

    @Name("hotpath.BuffersShort")
    @Label("Buffers Short")
    @Category("Hotpath")
    @Description("From the first connection that found no receive buffer to the moment when none waits for one")
    @StackTrace(false)
    @Threshold("1 ms")
    static final class BuffersShort extends Event {
        @Label("Waits")
        @Description("How often a connection began to wait for a buffer") int waits;

        private transient boolean begun;

        /** A connection waits for a buffer. */
        void starves() {
            if (begun) {
                waits++;
            } else if (isEnabled()) {
                begun = true;
                waits = 1;
                begin();
            }
        }

        /** Nobody waits for one any more. */
        void fed() {
            if (begun) {
                begun = false;
                end();
                if (shouldCommit()) {
                    commit();
                }
            }
        }
    }

    @Name("hotpath.SlowTurn")
    @Label("Slow Turn")
    @Category("Hotpath")
    @Description("A loop ran for long between two waits: its connections waited meanwhile")
    @StackTrace(false)
    @Threshold("20 ms")
    static final class SlowTurn extends Event {}

    @Name("hotpath.LoopBlocked")
    @Label("Loop Blocked")
    @Category("Hotpath")
    @Description("The watchdog found a loop in the same handler for longer than its limit")
    @StackTrace(false)
    static final class LoopBlocked extends Event {
        @Label("Loop")
        @Nullable Thread loop;

        @Label("Limit")
        @Timespan(Timespan.MILLISECONDS) long limit;

        @Label("Stack") String stack = "";

        static void tell(Thread loop, long millis, StackTraceElement[] stack) {
            LoopBlocked event = new LoopBlocked();
            if (event.isEnabled()) {
                event.loop = loop;
                event.limit = millis;
                event.stack = Arrays.stream(stack).map(String::valueOf).collect(Collectors.joining("\n"));
                event.commit();
            }
        }
    }
}
