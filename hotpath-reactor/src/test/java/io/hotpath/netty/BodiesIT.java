package io.hotpath.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.multipart.FileUpload;
import io.netty.handler.codec.http.multipart.HttpData;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.LoopResources;

/** Bodies of every kind and size, both ways, on any ring. */
class BodiesIT extends ReactorNettyBed {
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void largeBodiesGoUpAndComeDownWhole(boolean fixedLength) {
        goUpAndComeDown(32L << 20, fixedLength);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Tag("faults")
    void bodiesOfAGibibyteGoUpAndComeDownWhole(boolean fixedLength) {
        goUpAndComeDown(1L << 30, fixedLength);
    }

    private void goUpAndComeDown(long bytes, boolean fixedLength) {
        DisposableServer server = bind(server().route(routes -> routes
                .post("/up", (request, response) -> {
                    assertThat(request.requestHeaders().contains(HttpHeaderNames.CONTENT_LENGTH))
                            .isEqualTo(fixedLength);
                    return response.sendString(digest(request.receive()));
                })
                .get("/down", (_, response) -> response
                        .headers(length(response.responseHeaders(), bytes, fixedLength))
                        .send(blocks(bytes)))));
        String wanted = digestOfBlocks(bytes);
        for (LoopResources side : List.of(others, loops)) {
            String up = client(server, side).headers(headers -> length(headers, bytes, fixedLength))
                    .post().uri("/up").send(blocks(bytes))
                    .responseSingle((_, content) -> content.asString()).block(LONG);
            assertThat(up).isEqualTo(wanted);
            String down = client(server, side).get().uri("/down")
                    .response((response, content) -> {
                        assertThat(response.responseHeaders().contains(HttpHeaderNames.CONTENT_LENGTH))
                                .isEqualTo(fixedLength);
                        return digest(content);
                    })
                    .blockLast(LONG);
            assertThat(down).isEqualTo(wanted);
        }
    }

    private static HttpHeaders length(HttpHeaders headers, long bytes, boolean fixedLength) {
        return fixedLength ? headers.set(HttpHeaderNames.CONTENT_LENGTH, bytes) : headers;
    }

    @Test
    void aFixedLengthBodyOfTenMebibytesIsAggregatedOnAnyRing() {
        DisposableServer server = bind(server().handle((request, response) -> response
                .sendString(request.receive().aggregate().asByteArray().map(all -> "" + all.length))));
        byte[] body = new byte[10 << 20];
        String length = client(server, loops)
                .headers(headers -> headers.set("Content-Length", body.length))
                .post().uri("/").send(Mono.fromSupplier(() -> Unpooled.wrappedBuffer(body)))
                .responseSingle((_, content) -> content.asString()).block(LONG);
        assertThat(length).isEqualTo("" + body.length);
    }

    @Test
    void aBodyOfTenMebibytesIsHeldByNettysAggregator() {
        Channel server = new ServerBootstrap().group(loops.loops()).channel(HotpathServerSocketChannel.class)
                .childHandler(new ChannelInitializer<HotpathSocketChannel>() {
                    @Override
                    protected void initChannel(HotpathSocketChannel channel) {
                        channel.pipeline().addLast(
                                new HttpServerCodec(), new HttpObjectAggregator(16 << 20), new DigestHandler());
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0).syncUninterruptibly().channel();
        int port = ((InetSocketAddress) server.localAddress()).getPort();
        for (LoopResources side : List.of(others, loops)) {
            String got = HttpClient.create().runOn(side).host("127.0.0.1").port(port)
                    .post().uri("/").send(blocks(10 << 20))
                    .responseSingle((_, content) -> content.asString()).block(LONG);
            assertThat(got).isEqualTo(digestOfBlocks(10 << 20));
        }
        server.close().syncUninterruptibly();
    }

    /** Answers a whole request with the digest of its body. */
    private static final class DigestHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
            digest(Flux.just(request.content())).subscribe(text -> {
                ByteBuf content = ByteBufUtil.writeUtf8(context.alloc(), text);
                FullHttpResponse response =
                        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, content);
                HttpUtil.setContentLength(response, content.readableBytes());
                context.writeAndFlush(response);
            });
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 16 << 10})
    void aMultipartUploadArrivesWhole(long inMemoryMax, @TempDir Path folder) throws IOException {
        byte[] file = new byte[4 << 20];
        new SplittableRandom(3).nextBytes(file);
        Path sent = Files.write(folder.resolve("sent.bin"), file);
        DisposableServer server = bind(server().handle((request, response) -> response.sendString(request
                .receiveForm(form -> form.maxInMemorySize(inMemoryMax).baseDirectory(folder))
                .map(BodiesIT::describe)
                .collectList()
                .map(parts -> String.join("; ", parts)))));
        for (LoopResources side : List.of(others, loops)) {
            String got = client(server, side).post().uri("/")
                    .sendForm((_, form) -> form.multipart(true)
                            .attr("title", "four mebibytes")
                            .file("file", sent.toFile(), "application/octet-stream"))
                    .responseSingle((_, content) -> content.asString()).block(LONG);
            assertThat(got).isEqualTo("title=four mebibytes; sent.bin: " + sum(file));
        }
    }

    private static String describe(HttpData part) {
        try {
            return part instanceof FileUpload upload
                    ? upload.getFilename() + ": " + sum(upload.get())
                    : part.getName() + "=" + part.getString();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static String sum(byte[] content) {
        CRC32C sum = new CRC32C();
        sum.update(content);
        return content.length + " bytes, sum " + sum.getValue();
    }

    @Test
    void staticFilesOfEverySizeArriveWhole(@TempDir Path folder) throws IOException {
        int[] sizes = {1, 8_191, 8_192, 65_537, 40 << 20};
        for (int size : sizes) {
            byte[] content = new byte[size];
            new SplittableRandom(size).nextBytes(content);
            Files.write(folder.resolve(size + ".bin"), content);
        }
        DisposableServer server = bind(server().route(routes -> routes
                .get("/{name}", (request, response) -> response.sendFile(folder.resolve(request.param("name"))))));
        for (int size : sizes) {
            byte[] got = client(server, others).get().uri("/" + size + ".bin").responseContent().aggregate()
                    .asByteArray().block(LONG);
            assertThat(got).isEqualTo(Files.readAllBytes(folder.resolve(size + ".bin")));
        }
    }
}
