package io.hotpath.samples.webflux;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.engine.EngineStats;
import io.hotpath.netty.HotpathSocketChannel;
import io.hotpath.samples.Child;
import io.hotpath.spring.HotpathLoops;
import io.netty.channel.Channel;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;

/** The application on Hotpath's loops and, with one property, on Netty's: every answer is the same. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WebFluxIT {
    private static final int SIGTERM_EXIT = 128 + 15;

    /** Of every connection that the server accepted. */
    private final Queue<Channel> accepted = new ConcurrentLinkedQueue<>();

    @ParameterizedTest
    @ValueSource(strings = {"auto", "epoll"})
    void everyRouteAnswersOnHotpath(String kernel) throws Exception {
        HotpathLoops loops;
        try (ConfigurableApplicationContext application = start("--hotpath.kernel=" + kernel)) {
            everyRouteAnswers(application);
            assertThat(accepted).isNotEmpty()
                    .allSatisfy(each -> assertThat(each).isInstanceOf(HotpathSocketChannel.class));
            loops = application.getBean(HotpathLoops.class);
            assertThat(loops.stats()).isNotEmpty();
            assertThat(loops.stats().stream().mapToLong(EngineStats::bytesIn).sum()).isGreaterThan(Browser.FILE_BYTES);
            if (kernel.equals("epoll")) {
                assertThat(loops.stats()).allSatisfy(each -> assertThat(each.kernel()).isEqualTo("epoll"));
            }
        }
        assertThat(loops.stats()).allSatisfy(each -> assertThat(each.leasesHeld() + each.copiesHeld()).isZero());
    }

    @Test
    void everyRouteAnswersTheSameOnNettysOwnLoops() throws Exception {
        try (ConfigurableApplicationContext application = start("--hotpath.enabled=false")) {
            everyRouteAnswers(application);
            assertThat(accepted).isNotEmpty()
                    .allSatisfy(each -> assertThat(each).isNotInstanceOf(HotpathSocketChannel.class));
            assertThat(application.getBeansOfType(HotpathLoops.class)).isEmpty();
        }
    }

    @Test
    void theProgramSaysItsPortAndEndsWithItsSignal() throws Exception {
        try (Child program = Child.start(WebFluxMain.class, "--port", "0", "--events-port", "0");
                Browser browser = new Browser(program.awaitPort())) {
            assertThat(browser.get("/greeting/you").body()).isEqualTo("hello you");
            program.process().toHandle().destroy();
            assertThat(program.awaitExit()).isEqualTo(SIGTERM_EXIT);
            assertThat(program.errors()).contains("Started WebFluxMain").doesNotContain("restricted method");
        }
    }

    private ConfigurableApplicationContext start(String property) {
        NettyServerCustomizer watch =
                server -> server.doOnConnection(connection -> accepted.add(connection.channel()));
        return WebFluxMain.application()
                .initializers(context -> ((GenericApplicationContext) context)
                        .registerBean(NettyServerCustomizer.class, () -> watch))
                .properties("server.port=0", "events.port=0")
                .run(property);
    }

    private static void everyRouteAnswers(ConfigurableApplicationContext application) throws Exception {
        try (Browser browser = new Browser(WebFluxMain.port(application))) {
            controller(browser);
            assertThat(browser.get("/greeting/you").body()).isEqualTo("hello you");
            assertThat(browser.get("/").body()).contains("<title>WebFlux on Hotpath</title>");
            assertThat(browser.get("/no-such-page").statusCode()).isEqualTo(404);
            assertThat(browser.get("/actuator/health").body()).contains("\"status\":\"UP\"");
            assertThat(browser.events("/ticks?every-millis=1", 3)).hasSize(3).startsWith("data:0")
                    .doesNotHaveDuplicates();
            assertThat(browser.get("/ticks?every-millis=0").statusCode()).isEqualTo(400);
            assertThat(browser.upload("/upload", "big file")).isEqualTo("[{\"name\":\"big file\",\"bytes\":"
                    + Browser.FILE_BYTES + ",\"sha256\":\"" + Browser.FILE_SHA256 + "\"}]");
            chat(browser);
        }
    }

    private static void controller(Browser browser) throws Exception {
        assertThat(browser.get("/notes/1").statusCode()).isEqualTo(404);
        assertThat(browser.get("/notes/1").body()).contains("no note 1");
        assertThat(browser.post("/notes", "{\"text\":\"milk\"}").statusCode()).isEqualTo(201);
        assertThat(browser.get("/notes/1").body()).isEqualTo("{\"id\":1,\"text\":\"milk\"}");
        assertThat(browser.get("/notes").body()).isEqualTo("[{\"id\":1,\"text\":\"milk\"}]");
        assertThat(browser.get("/notes/x").statusCode()).isEqualTo(400);

        var blank = browser.post("/notes", "{\"text\":\" \"}");
        assertThat(blank.statusCode()).isEqualTo(400);
        assertThat(blank.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(blank.body()).contains("text must not be blank");
        assertThat(browser.post("/notes", "{\"text\":").statusCode()).isEqualTo(400);
    }

    private static void chat(Browser browser) throws Exception {
        try (Browser.Talk first = browser.talk("/chat"); Browser.Talk second = browser.talk("/chat")) {
            first.say("first"); // who hears itself is in the room
            first.hears("first");
            second.say("second");
            second.hears("second");
            first.hears("second");
            String line = "x".repeat(40_000);
            first.say(line);
            second.hears(line);
            first.hears(line);
        }
    }
}
