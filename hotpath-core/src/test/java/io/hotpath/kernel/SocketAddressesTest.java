package io.hotpath.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

final class SocketAddressesTest {
    private final MemorySegment raw = MemorySegment.ofArray(new long[SocketAddresses.SOCKADDR_BYTES / Long.BYTES]);

    @Test
    void writesPortAndAddressInNetworkOrder() {
        int length = SocketAddresses.write(address("192.0.2.7", 0x1f90), Abi.AF_INET, raw.fill((byte) 0xee));

        assertThat(hex(length)).isEqualTo("0200" + "1f90" + "c0000207" + "0000000000000000");
    }

    @Test
    void readsBackWhatItWrote() throws IOException {
        assertThat(roundTrip(address("127.0.0.1", 65535), Abi.AF_INET)).isEqualTo(address("127.0.0.1", 65535));
        assertThat(roundTrip(address("2001:db8::1", 443), Abi.AF_INET6)).isEqualTo(address("2001:db8::1", 443));
        assertThat(roundTrip(address("::", 0), Abi.AF_INET6)).isEqualTo(address("::", 0));
        var unix = UnixDomainSocketAddress.of("/tmp/hotpath-ä.sock");
        assertThat(roundTrip(unix, Abi.AF_UNIX)).isEqualTo(unix);
    }

    @Test
    void mapsAnIpv4AddressForAnIpv6SocketAndBack() throws IOException {
        int length = SocketAddresses.write(address("192.0.2.7", 80), Abi.AF_INET6, raw);

        assertThat(hex(length).substring(16, 48)).isEqualTo("00000000000000000000ffffc0000207");
        assertThat(SocketAddresses.read(raw, length)).isEqualTo(address("192.0.2.7", 80));
    }

    @Test
    void writesTheIpv4WildcardForAnIpv6SocketAsTheIpv6Wildcard() throws IOException {
        assertThat(roundTrip(address("0.0.0.0", 80), Abi.AF_INET6)).isEqualTo(address("::", 80));
    }

    @Test
    void keepsTheScopeOfALinkLocalAddress() throws IOException {
        byte[] linkLocal = InetAddress.ofLiteral("fe80::1").getAddress();
        var scoped = new InetSocketAddress(Inet6Address.getByAddress(null, linkLocal, 3), 80);

        var read = (InetSocketAddress) roundTrip(scoped, Abi.AF_INET6);

        assertThat(((Inet6Address) read.getAddress()).getScopeId()).isEqualTo(3);
    }

    @Test
    void readsAnUnnamedUnixSocket() throws IOException {
        raw.set(Abi.U16, 0, (short) Abi.AF_UNIX);

        assertThat(SocketAddresses.read(raw, 2)).isEqualTo(UnixDomainSocketAddress.of(""));
    }

    @Test
    void knowsTheFamily() {
        assertThat(SocketAddresses.family(address("127.0.0.1", 1))).isEqualTo(Abi.AF_INET);
        assertThat(SocketAddresses.family(address("::1", 1))).isEqualTo(Abi.AF_INET6);
        assertThat(SocketAddresses.family(UnixDomainSocketAddress.of("x"))).isEqualTo(Abi.AF_UNIX);
    }

    @Test
    void refusesWhatDoesNotFit() {
        var ipv6 = address("2001:db8::1", 1);
        assertThatThrownBy(() -> SocketAddresses.write(ipv6, Abi.AF_INET, raw))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the socket is IPv4");
        var longPath = UnixDomainSocketAddress.of("x".repeat(108));
        assertThatThrownBy(() -> SocketAddresses.write(longPath, Abi.AF_UNIX, raw))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at most 107");
        var unresolved = InetSocketAddress.createUnresolved("example.org", 1);
        assertThatThrownBy(() -> SocketAddresses.family(unresolved))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not resolved");
    }

    private SocketAddress roundTrip(SocketAddress address, int family) throws IOException {
        raw.fill((byte) 0xee);
        return SocketAddresses.read(raw, SocketAddresses.write(address, family, raw));
    }

    private String hex(int length) {
        return HexFormat.of().formatHex(raw.asSlice(0, length).toArray(JAVA_BYTE));
    }

    private static InetSocketAddress address(String host, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(host), port);
    }
}
