package io.hotpath.ring;

import static io.hotpath.ring.ProbeReport.Status.ABSENT;
import static io.hotpath.ring.ProbeReport.Status.OK;
import static io.hotpath.ring.ProbeReport.Status.REFUSED;

import io.hotpath.Errno;
import io.hotpath.ring.ProbeReport.Feature;

/** What the probe tries, in the order of its report. */
enum Check {
    SETUP("io_uring_setup", "5.1", true),
    ENTER("io_uring_enter", "5.1", true),
    REGISTER("io_uring_register", "5.1", true),
    SINGLE_ISSUER("SINGLE_ISSUER", "6.0", false),
    DEFER_TASKRUN("DEFER_TASKRUN", "6.1", false),
    SUBMIT_ALL("SUBMIT_ALL", "5.18", false),
    NO_SQARRAY("NO_SQARRAY", "6.6", false),
    R_DISABLED("R_DISABLED", "5.10", false),
    RESTRICTIONS("restrictions", "5.10", false),
    REGISTERED_FD("registered ring fd", "5.18", false),
    EXT_ARG("timed wait (EXT_ARG)", "5.11", true),
    NO_IOWAIT("NO_IOWAIT", "6.15", false),
    BUFFER_RING("buffer ring", "5.19", true),
    ACCEPT("multishot accept", "5.19", true),
    RECV("multishot recv", "6.0", true),
    RECV_CAP("recv byte cap", "6.17", false),
    SEND("send", "5.6", true),
    SEND_GATHERED("gathered send", "5.3", true),
    CANCEL("cancel", "5.5", true),
    WAKE("wake-up (poll, eventfd)", "5.13", true),
    BUFFER_STATUS("buffer ring status", "6.8", false);

    private final String text;
    private final String since;
    private final boolean required;

    Check(String text, String since, boolean required) {
        this.text = text;
        this.since = since;
        this.required = required;
    }

    /** Whether Hotpath cannot do without. */
    boolean required() {
        return required;
    }

    Feature ok(String detail) {
        return new Feature(text, since, OK, detail);
    }

    Feature refused(String detail) {
        return new Feature(text, since, REFUSED, detail);
    }

    Feature absent(String detail) {
        return new Feature(text, since, ABSENT, detail);
    }

    /** It ended with {@code -errno}; EINVAL is how a kernel says that it does not know a thing. */
    Feature failed(int errno) {
        String name = Errno.name(errno) + " (" + Errno.text(errno) + ")";
        return switch (errno) {
            case Errno.EINVAL, Errno.EOPNOTSUPP ->
                absent(name + ": this kernel does not know it, Linux " + since + " does");
            case Errno.ETIME -> refused("no completion in time");
            default -> refused(name);
        };
    }
}
