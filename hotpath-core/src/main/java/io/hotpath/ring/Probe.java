package io.hotpath.ring;

import io.hotpath.Errno;
import io.hotpath.KernelPolicy;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRefused;
import io.hotpath.kernel.KernelRefused.Reason;
import io.hotpath.ring.ProbeReport.Feature;
import io.hotpath.ring.ProbeReport.Status;
import io.hotpath.ring.ProbeReport.Verdict;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/**
 * Finds out what this host gives io_uring by doing it: opens a ring under whatever sysctl, seccomp filter and limits are
 * in force, and sends a few bytes through a loopback connection. No version is parsed and no refusal throws.
 *
 * <p>It takes some milliseconds and leaves no descriptor, mapping or thread. Any thread: the ring is opened on one of its
 * own.
 */
public final class Probe {
    private Probe() {}

    /** Probes this host. */
    public static ProbeReport run() {
        return run(() -> KernelLadder.of(KernelPolicy.IO_URING).kernel());
    }

    static ProbeReport run(Supplier<Kernel> kernel) {
        FutureTask<ProbeReport> task = new FutureTask<>(() -> probe(kernel));
        Thread thread = Thread.ofPlatform().daemon().name("hotpath-probe").start(task);
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException later) {
                interrupted = true; // the ring has to be closed; that is bounded
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return switch (task.state()) {
            case SUCCESS -> task.resultNow();
            case FAILED -> failed(task.exceptionNow());
            case CANCELLED, RUNNING -> throw new IllegalStateException("the probe has ended without a result");
        };
    }

    private static ProbeReport probe(Supplier<Kernel> kernel) {
        Kernel host;
        try {
            host = kernel.get();
        } catch (UnsupportedOperationException notLinux) {
            String message = message(notLinux);
            return withoutRing(Check.SETUP, Status.ABSENT, message, Remedy.verdict(Reason.NOT_LINUX, message));
        }
        try {
            Prober prober = new Prober(host);
            Map<Check, Feature> features = prober.run();
            return report(features, verdict(features, prober), "what it builds on is missing");
        } catch (KernelRefused refused) {
            return refused(refused);
        } catch (LinkageError | IllegalCallerException denied) {
            String message = message(denied);
            return withoutRing(Check.SETUP, Status.REFUSED, message, Remedy.nativeAccess(message));
        }
    }

    /** No ring: the operation that was refused tells how far it got. */
    private static ProbeReport refused(KernelRefused refused) {
        Check check = Check.SETUP;
        if (refused.operation().startsWith("io_uring_enter")) {
            check = Check.ENTER;
        } else if (refused.operation().startsWith("io_uring_register")) {
            check = Check.REGISTER;
        }
        Status status = refused.reason() == Reason.TOO_OLD ? Status.ABSENT : Status.REFUSED;
        int errno = refused.errno();
        String detail = errno == 0 ? message(refused)
                : refused.operation() + ": " + Errno.name(errno) + ", " + Errno.text(errno);
        return withoutRing(check, status, detail, Remedy.verdict(refused.reason(), message(refused)));
    }

    /** The probe itself failed; that too is no reason to throw at someone who only asks. */
    private static ProbeReport failed(Throwable thrown) {
        String message = message(thrown);
        return withoutRing(Check.SETUP, Status.REFUSED, message, Remedy.verdict(Reason.OTHER, message));
    }

    private static ProbeReport withoutRing(Check check, Status status, String detail, Verdict verdict) {
        Map<Check, Feature> features = new EnumMap<>(Check.class);
        if (check != Check.SETUP) {
            features.put(Check.SETUP, Check.SETUP.ok("it answered"));
        }
        features.put(check, status == Status.ABSENT ? check.absent(detail) : check.refused(detail));
        return report(features, verdict, "there is no ring");
    }

    private static ProbeReport report(Map<Check, Feature> features, Verdict verdict, String why) {
        for (Check check : Check.values()) {
            features.putIfAbsent(check, check.absent("not tried: " + why));
        }
        return new ProbeReport(List.copyOf(features.values()), verdict);
    }

    private static Verdict verdict(Map<Check, Feature> features, Prober prober) {
        for (Map.Entry<Check, Feature> entry : features.entrySet()) {
            Feature feature = entry.getValue();
            if (entry.getKey().required() && feature.status() != Status.OK) {
                boolean absent = feature.status() == Status.ABSENT;
                Reason reason = absent ? Reason.TOO_OLD : Remedy.reason(prober.errno(entry.getKey()));
                return Remedy.verdict(reason, feature.name() + ": " + feature.detail());
            }
        }
        return Remedy.usable(ok(features, Check.DEFER_TASKRUN), ok(features, Check.RECV_CAP));
    }

    private static boolean ok(Map<Check, Feature> features, Check check) {
        Feature feature = features.get(check);
        return feature != null && feature.status() == Status.OK;
    }

    private static String message(Throwable thrown) {
        Throwable cause = thrown.getCause();
        String message = thrown.getMessage();
        if (message == null && cause != null) {
            return message(cause);
        }
        return message == null ? thrown.getClass().getName() : message;
    }
}
