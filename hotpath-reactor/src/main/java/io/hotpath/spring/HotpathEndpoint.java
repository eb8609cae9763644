package io.hotpath.spring;

import io.hotpath.engine.EngineStats;
import java.util.List;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;

/** {@code /actuator/hotpath}: every counter and gauge of every loop. Reads only. */
@Endpoint(id = "hotpath")
public final class HotpathEndpoint {
    private final HotpathLoops loops;

    HotpathEndpoint(HotpathLoops loops) {
        this.loops = loops;
    }

    /** The loops that have begun, in order. */
    @ReadOperation
    public Report loops() {
        return new Report(loops.stats());
    }

    /**
     * What the endpoint answers.
     *
     * @param loops what each loop counts
     */
    public record Report(List<EngineStats> loops) {}
}
