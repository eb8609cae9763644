package io.hotpath.bench.jmh;

import org.openjdk.jmh.Main;

/** {@code ./hotpath jmh [JMH's own arguments]}; without any, all benchmarks with allocation and CPU time. */
public final class JmhMain {
    private static final String[] DEFAULT = {
        "-prof", "gc", "-prof", CpuProfiler.class.getName(), "io.hotpath.bench.jmh"};

    private JmhMain() {}

    public static void main(String[] args) throws Exception {
        Main.main(args.length == 0 ? DEFAULT : args);
    }
}
