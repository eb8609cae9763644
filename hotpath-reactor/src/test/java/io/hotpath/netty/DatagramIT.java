package io.hotpath.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.dns.DatagramDnsQuery;
import io.netty.handler.codec.dns.DatagramDnsQueryDecoder;
import io.netty.handler.codec.dns.DatagramDnsResponse;
import io.netty.handler.codec.dns.DatagramDnsResponseEncoder;
import io.netty.handler.codec.dns.DefaultDnsRawRecord;
import io.netty.handler.codec.dns.DnsQuestion;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsSection;
import io.netty.resolver.dns.DnsAddressResolverGroup;
import io.netty.resolver.dns.NoopDnsQueryLifecycleObserverFactory;
import io.netty.resolver.dns.SingletonDnsServerAddressStreamProvider;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.udp.UdpClient;
import reactor.netty.udp.UdpServer;
import reactor.test.StepVerifier;

/** Datagram channels as guests of Hotpath's loops: reactor-netty's resolver of names, and its UDP server. */
class DatagramIT extends ReactorNettyBed {
    @Test
    void aClientResolvesNamesOnItsOwnLoops() {
        Set<String> threads = ConcurrentHashMap.newKeySet();
        Connection names = nameServer();
        DisposableServer server = bind(server().handle((_, response) -> response.sendString(Mono.just("hello"))));
        HttpClient client = HttpClient.create().runOn(loops).port(server.port())
                .resolver(spec -> spec.dnsAddressResolverGroupProvider(builder -> new DnsAddressResolverGroup(builder
                        .dnsQueryLifecycleObserverFactory(question -> {
                            threads.add(Thread.currentThread().getName());
                            return NoopDnsQueryLifecycleObserverFactory.INSTANCE.newDnsQueryLifecycleObserver(question);
                        })
                        .nameServerProvider(new SingletonDnsServerAddressStreamProvider(
                                (InetSocketAddress) names.address())))));
        for (int i = 0; i < 20; i++) {
            String body = client.host("server" + i + ".example").get().uri("/")
                    .responseContent().aggregate().asString().block(LONG);
            assertThat(body).isEqualTo("hello");
        }
        assertThat(threads).isNotEmpty().allSatisfy(name -> assertThat(name).startsWith("it-hotpath-"));
        client.host("unknown.example").get().uri("/").response()
                .as(StepVerifier::create).expectError(UnknownHostException.class).verify(LONG);
    }

    /** Knows the address of every host but one. */
    private Connection nameServer() {
        Connection bound = UdpServer.create().host("127.0.0.1").port(0).runOn(loops)
                .doOnBound(connection -> connection
                        .addHandlerLast(new DatagramDnsResponseEncoder())
                        .addHandlerLast(new DatagramDnsQueryDecoder()))
                .handle((in, out) -> out.sendObject(
                        in.receiveObject().ofType(DatagramDnsQuery.class).map(DatagramIT::answer)))
                .bindNow(LONG);
        opened.add(bound);
        assertThat(bound.channel()).isInstanceOf(NioDatagramChannel.class);
        assertThat(bound.channel().eventLoop().parent()).isSameAs(loops.loops());
        return bound;
    }

    private static Object answer(DatagramDnsQuery query) {
        DnsQuestion question = query.recordAt(DnsSection.QUESTION);
        DatagramDnsResponse response = new DatagramDnsResponse(query.recipient(), query.sender(), query.id());
        response.addRecord(DnsSection.QUESTION, question);
        if (question.type().equals(DnsRecordType.A) && !question.name().startsWith("unknown")) {
            response.addRecord(DnsSection.ANSWER, new DefaultDnsRawRecord(
                    question.name(), DnsRecordType.A, 60, Unpooled.wrappedBuffer(new byte[]{127, 0, 0, 1})));
        }
        return response;
    }

    @Test
    void datagramsComeAndGoWhileTheLoopSleeps() {
        Connection echo = UdpServer.create().host("127.0.0.1").port(0).runOn(loops)
                .handle((in, out) -> out.sendObject(in.receiveObject().cast(DatagramPacket.class)
                        .map(packet -> new DatagramPacket(packet.content().retain(), packet.sender()))))
                .bindNow(LONG);
        opened.add(echo);
        Connection client = UdpClient.create().remoteAddress(echo::address).runOn(loops).connectNow(LONG);
        opened.add(client);
        Flux<String> answers = client.inbound().receive().asString();
        List<String> got = answers.take(100)
                .mergeWith(Flux.range(0, 100)
                        .concatMap(i -> client.outbound().sendString(Mono.just("packet " + i)).then(), 1)
                        .then(Mono.empty()))
                .collectList().block(LONG);
        assertThat(got).containsExactlyElementsOf(IntStream.range(0, 100).mapToObj(i -> "packet " + i).toList());
    }

    @Test
    void tcpIsNoGuest() {
        assertThatThrownBy(() -> loops.loops().register(new NioSocketChannel()).sync())
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("HotpathSocketChannel");
    }

    @Test
    void theEndOfTheLoopsClosesTheChannelAndEndsItsThread() throws Exception {
        HotpathEventLoopGroup brief =
                new HotpathEventLoopGroup(1, HotpathEventLoopGroup.threads("brief", true), Combos.config());
        Channel channel = new NioDatagramChannel();
        brief.register(channel).sync();
        channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).sync();
        Thread selector = Thread.getAllStackTraces().keySet().stream()
                .filter(each -> each.getName().startsWith("brief") && each.getName().endsWith("-datagrams"))
                .findFirst().orElseThrow();
        brief.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
        assertThat(channel.closeFuture().isDone()).isTrue();
        assertThat(selector.join(LONG)).isTrue();
    }
}
