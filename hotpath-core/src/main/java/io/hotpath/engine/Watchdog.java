package io.hotpath.engine;

import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds loops that a handler blocks. One daemon thread looks at all of them, a few times within the limit: a loop that at
 * each look is in the same piece of work, and does not wait in the kernel, is blocked. It is then counted, and logged once
 * with its stack. The thread is there while engines are open.
 *
 * <p>Looks are counted, not time, so that a machine that stood still does not accuse its loops.
 */
final class Watchdog {
    /** Milliseconds after which a loop counts as blocked; 0 looks at none. */
    static final String LIMIT_PROPERTY = "hotpath.watchdogMillis";

    static final Watchdog SHARED = new Watchdog(Long.getLong(LIMIT_PROPERTY, 2000));

    /** Looks that must find the same before a loop counts as blocked. */
    static final int LOOKS = 4;

    private static final System.Logger LOG = System.getLogger(Watchdog.class.getName());

    private final long limitMillis;

    // guarded by this
    private final List<Watched> all = new ArrayList<>();
    private @Nullable Thread thread;

    Watchdog(long limitMillis) {
        this.limitMillis = limitMillis;
    }

    /** From now on looks at {@code pulse}. Any thread. */
    synchronized void watch(Pulse pulse) {
        if (limitMillis > 0) {
            all.add(new Watched(pulse));
            if (thread == null) {
                thread = Thread.ofPlatform().daemon().name("hotpath-watchdog").start(this::run);
            }
        }
    }

    /** Looks at {@code pulse} no more. Any thread; idempotent. */
    synchronized void leave(Pulse pulse) {
        all.removeIf(each -> each.pulse == pulse);
    }

    /** Whether its thread runs. */
    synchronized boolean runs() {
        return thread != null;
    }

    private void run() {
        long periodMillis = Math.max(limitMillis / LOOKS, 1);
        while (!endIfIdle()) {
            try {
                Thread.sleep(periodMillis);
            } catch (InterruptedException ignored) {
                // nobody has a reason to; it ends with the last engine
            }
            look();
        }
    }

    private synchronized boolean endIfIdle() {
        if (all.isEmpty()) {
            thread = null;
            return true;
        }
        return false;
    }

    /** Looks at each once. */
    void look() {
        List<Watched> now;
        synchronized (this) {
            now = List.copyOf(all);
        }
        for (Watched each : now) {
            try {
                look(each);
            } catch (Throwable failed) {
                // a logger that fails is no reason to look no more; the count is there
            }
        }
    }

    private void look(Watched each) {
        Pulse pulse = each.pulse;
        long beat = pulse.beat();
        if (beat != each.beat || !pulse.running(beat)) {
            each.beat = beat;
            each.looks = 0;
            return;
        }
        if (++each.looks != LOOKS) {
            return; // too early, or told already
        }
        StackTraceElement[] stack = pulse.loop().getStackTrace();
        if (pulse.beat() == beat) {
            pulse.foundBlocked();
            tell(pulse.loop(), stack);
        }
    }

    private void tell(Thread loop, StackTraceElement[] stack) {
        Throwable where = new Blocked(stack);
        LOG.log(Level.WARNING, () -> "loop=" + loop.getName() + " state=blocked for_millis=" + limitMillis
                + " remedy=do blocking work on another thread", where);
        Flight.loopBlocked(loop, limitMillis, stack);
    }

    /** One loop and what the last looks saw. */
    private static final class Watched {
        final Pulse pulse;
        long beat = -1;
        int looks;

        Watched(Pulse pulse) {
            this.pulse = pulse;
        }
    }

    /** Carries a loop's stack to the log. */
    private static final class Blocked extends Throwable {
        Blocked(StackTraceElement[] stack) {
            super("here", null, false, true);
            setStackTrace(stack);
        }
    }
}
