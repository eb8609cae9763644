package io.hotpath.ring;

import io.hotpath.ring.ProbeReport.Feature;
import io.hotpath.ring.ProbeReport.Verdict;
import java.io.PrintStream;
import java.util.Locale;
import java.util.Map;

/**
 * Prints what this machine gives io_uring: the facts of the host, each feature with {@code ok}, {@code refused} or {@code
 * absent}, and the verdict with the next step. {@code ./hotpath doctor} runs it.
 */
public final class Doctor {
    private static final String FACT = "%-26s %s%n";

    private Doctor() {}

    /** Exit status 0 if io_uring is usable, 1 if not. */
    public static void main(String[] args) {
        int status = print(Host.facts(), Probe.run(), System.out);
        System.out.flush();
        System.exit(status);
    }

    /** Prints and returns the exit status. */
    static int print(Map<String, String> facts, ProbeReport report, PrintStream out) {
        facts.forEach((name, value) -> out.printf(FACT, name, value));
        out.println();
        for (Feature feature : report.features()) {
            String status = feature.status().name().toLowerCase(Locale.ROOT);
            out.printf("%-26s %-8s %s%n", feature.name(), status, feature.detail() + " [" + feature.since() + "]");
        }
        out.println();
        Verdict verdict = report.verdict();
        if (verdict.ioUring()) {
            out.printf(FACT, "verdict", "usable: the policy auto takes " + verdict.kernel());
        } else {
            out.printf(FACT, "verdict", "not usable: the policy auto takes " + verdict.kernel());
            out.printf(FACT, "refused by", verdict.refusedBy());
            out.printf(FACT, "reason", verdict.reason());
        }
        out.printf(FACT, "next step", verdict.nextStep());
        return verdict.ioUring() ? 0 : 1;
    }
}
