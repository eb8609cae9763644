package io.hotpath.faults;

import io.hotpath.KernelPolicy;
import io.hotpath.ring.KernelLadder;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;

/** What a fault needs of this machine; without it the test is skipped, and says why. */
final class Tools {
    private static final Map<String, String> PACKAGES = Map.of(
            "nft", "nftables", "tc", "iproute2", "ip", "iproute2", "ss", "iproute2", "nsenter", "util-linux", "prlimit",
            "util-linux", "setpriv", "util-linux", "unshare", "util-linux", "setsid", "util-linux");

    private Tools() {}

    static void require(boolean condition, String reason) {
        Assumptions.assumeTrue(condition, reason);
    }

    static void require(String program) {
        boolean found = Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
        require(found, program + " is missing: install the package " + PACKAGES.getOrDefault(program, program));
    }

    static void requireRoot() {
        require("root".equals(System.getProperty("user.name")), "needs root");
    }

    /** The half of a test that needs the kernel which io_uring falls back to. */
    static void requireFallback() {
        try {
            KernelLadder.of(KernelPolicy.EPOLL);
        } catch (UnsupportedOperationException missing) {
            Assumptions.abort("there is no kernel to fall back to: " + missing.getMessage());
        }
    }
}
