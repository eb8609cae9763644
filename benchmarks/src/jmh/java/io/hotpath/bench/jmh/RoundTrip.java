package io.hotpath.bench.jmh;

import io.hotpath.engine.Connection;
import io.hotpath.engine.ConnectionHandler;
import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.ListenAddress;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.RingSetup;
import io.hotpath.reactor.CompletionStream;
import io.hotpath.reactor.Connections;
import io.hotpath.reactor.HandTurned;
import io.hotpath.reactor.HotpathServer;
import io.hotpath.ring.CqeHandler;
import io.hotpath.ring.Ring;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * An echoed message from its completion to its buffer back in the ring: receive completion, handler, SQE of the send, send
 * completion, buffer published. One turn of the engine has {@value #CLIENTS} of them. The kernel's part, writing the CQEs and reading
 * the SQEs, is in it: see {@link KernelPart}.
 */
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH calls open first
public class RoundTrip extends Timing {
    static final int CLIENTS = 64;
    static final int MESSAGE_BYTES = 64;
    private static final int TURNS_TO_START = 4;
    private static final int BUFFERS = 512;
    private static final long ADDRESS = 0x1000; // nobody reads there
    private static final long RECEIVED = 1;
    private static final long SENT = 2;
    private static final InetSocketAddress ANYWHERE = new InetSocketAddress(0);

    /** Which layer echoes. */
    @Param({"ring", "engine", "server", "stream"}) public String layer;

    private Runnable turn;

    @Setup
    public void open() throws IOException {
        StepKernel kernel = new StepKernel(CLIENTS, MESSAGE_BYTES);
        turn = switch (layer) {
            case "ring" -> ring(kernel);
            case "engine" -> engine(kernel);
            case "server" -> HandTurned.on(kernel, HotpathServer.create()
                    .handle((in, out) -> out.send(in.receive()))
                    .bind()::subscribe);
            case "stream" -> HandTurned.on(kernel, CompletionStream.listen(0)
                    .transform(Connections.each(each -> each.send(each.receive())))::subscribe);
            default -> throw new IllegalArgumentException(layer);
        };
        for (int i = 0; i < TURNS_TO_START; i++) {
            turn.run();
        }
    }

    /** Nobody's connections: what no engine can be cheaper than. */
    private static Runnable ring(StepKernel kernel) {
        Ring ring = Ring.open(kernel, new RingSetup(1024, 4096, false));
        ring.kernelRing().registerBufferRing(kernel.mapMemory(BUFFERS * Abi.BUF_BYTES), BUFFERS, 0);
        for (int i = 0; i < CLIENTS; i++) {
            ring.prepRecvMultishot(StepRing.FIRST_CLIENT + i, 0, 0, RECEIVED);
        }
        CqeHandler echo = (userData, result, flags) -> {
            if (userData == RECEIVED) {
                ring.prepSend(StepRing.FIRST_CLIENT, ADDRESS, result, SENT);
            }
        };
        return () -> {
            ring.submitAndWait(0, 0);
            ring.drain(echo, 2 * CLIENTS);
        };
    }

    private static Runnable engine(StepKernel kernel) throws IOException {
        Engine engine = Engine.open(kernel, EngineConfig.DEFAULT);
        ConnectionHandler echo = new ConnectionHandler() {
            @Override
            public void received(Connection connection, long lease, int length) {
                connection.send(lease, 0);
            }

            @Override
            public void closed(Connection connection, int errno) {}
        };
        engine.listen(ListenAddress.bind(engine, ANYWHERE, 1, 1), 0, connection -> {
            connection.adopt(echo);
            connection.start(true);
            connection.request(Long.MAX_VALUE);
        });
        return () -> engine.run(0);
    }

    @Benchmark
    @OperationsPerInvocation(CLIENTS)
    public void echo() {
        turn.run();
    }
}
