package io.hotpath.samples.webflux;

import io.hotpath.engine.EngineStats;
import io.hotpath.samples.webflux.events.EventPort;
import io.hotpath.spring.HotpathLoops;
import java.util.ArrayList;
import java.util.List;
import org.springframework.context.ConfigurableApplicationContext;

/** The application in this JVM, on ports that are free. */
public final class Applications {
    private Applications() {}

    public static ConfigurableApplicationContext start(String... properties) {
        return WebFluxMain.application().properties("server.port=0", "events.port=0").run(properties);
    }

    public static int port(ConfigurableApplicationContext application) {
        return WebFluxMain.port(application);
    }

    /** Closes it; returns what its loops hold then, those of the web server and the one of the events. */
    public static long closeAndCountHeld(ConfigurableApplicationContext application) {
        EventPort events = application.getBean(EventPort.class);
        HotpathLoops loops = application.getBean(HotpathLoops.class);
        application.close();
        List<EngineStats> all = new ArrayList<>(loops.stats());
        all.add(events.stats());
        return all.stream()
                .mapToLong(each -> each.leasesHeld() + each.copiesHeld() + each.engineBuffers()
                        + each.applicationBuffers() + each.leakedBytes())
                .sum();
    }
}
