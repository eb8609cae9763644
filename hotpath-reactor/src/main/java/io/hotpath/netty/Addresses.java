package io.hotpath.netty;

import io.netty.util.NetUtil;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;

/** Socket addresses as Java's own channels take them. */
final class Addresses {
    private static final boolean IPV6 = !NetUtil.isIpV4StackPreferred()
            && NetUtil.NETWORK_INTERFACES.stream()
                    .anyMatch(each -> each.inetAddresses().anyMatch(Inet6Address.class::isInstance));

    private Addresses() {}

    /** The wildcard means IPv6 and IPv4, as it does for Java's own channels; {@code 0.0.0.0} alone would be IPv4 only. */
    static SocketAddress dualStack(SocketAddress address) {
        boolean wildcard = address instanceof InetSocketAddress inet
                && inet.getAddress() != null
                && inet.getAddress().isAnyLocalAddress();
        return wildcard && IPV6 ? new InetSocketAddress(anyV6(), ((InetSocketAddress) address).getPort()) : address;
    }

    private static InetAddress anyV6() {
        try {
            return InetAddress.getByAddress(new byte[16]);
        } catch (UnknownHostException impossible) {
            throw new AssertionError(impossible); // 16 bytes are an address
        }
    }
}
