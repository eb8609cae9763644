package io.hotpath.samples.webflux;

import io.hotpath.samples.Options;
import io.hotpath.samples.webflux.events.EventPort;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.WebServer;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * {@code ./hotpath webflux [--port 8080] [--events-port 7020]}; properties as {@code HOTPATH_JAVA_OPTS=-Dhotpath.kernel=epoll}.
 */
public final class WebFluxMain {
    private static final int PORT_MAX = 65535;

    private WebFluxMain() {}

    public static void main(String[] args) {
        try {
            Options options = new Options("webflux", "--port 8080 --events-port 7020", args);
            ConfigurableApplicationContext running = application().run("--server.port=" + options.port(),
                    "--events.port=" + options.number("--events-port", 0, PORT_MAX));
            System.out.println("listening on 0.0.0.0:" + port(running));
            System.out.println("board at http://localhost:" + port(running) + "/board.html, events from 0.0.0.0:"
                    + running.getBean(EventPort.class).bound().port());
        } catch (IllegalArgumentException wrong) {
            System.err.println("webflux: " + wrong.getMessage());
            System.exit(2);
        } catch (RuntimeException failed) {
            System.exit(1); // Spring has said why
        }
    }

    static SpringApplicationBuilder application() {
        return new SpringApplicationBuilder(WebFluxApplication.class);
    }

    static int port(ConfigurableApplicationContext application) {
        WebServer server = ((WebServerApplicationContext) application).getWebServer();
        if (server == null) {
            throw new IllegalStateException("the application serves nothing");
        }
        return server.getPort();
    }
}
