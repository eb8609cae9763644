package io.hotpath.kernel.libc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Sockets;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
final class LinuxSocketsTest {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    private final Sockets sockets = new LinuxSockets();
    private int fd = -1;

    @AfterEach
    void close() {
        if (fd >= 0) {
            assertThat(sockets.close(fd)).isZero();
        }
    }

    @Test
    void bindsListensAndTellsTheAddress() throws IOException {
        fd = sockets.socket(Abi.AF_INET);
        assertThat(sockets.bind(fd, new InetSocketAddress(LOOPBACK, 0))).isZero();
        assertThat(sockets.listen(fd, 16)).isZero();

        var local = (InetSocketAddress) sockets.localAddress(fd);

        assertThat(local.getAddress()).isEqualTo(LOOPBACK);
        assertThat(local.getPort()).isPositive();
        try (Socket client = new Socket(LOOPBACK, local.getPort())) {
            assertThat(client.isConnected()).isTrue();
        }
    }

    @Test
    void secondBindIsRefused() throws IOException {
        fd = sockets.socket(Abi.AF_INET);
        sockets.bind(fd, new InetSocketAddress(LOOPBACK, 0));
        sockets.listen(fd, 16);
        int second = sockets.socket(Abi.AF_INET);
        try {
            assertThat(sockets.bind(second, sockets.localAddress(fd))).isEqualTo(-Errno.EADDRINUSE);
        } finally {
            sockets.close(second);
        }
    }

    @Test
    void ipv4AddressOfAnIpv6SocketComesBackAsIpv4() throws IOException {
        fd = sockets.socket(Abi.AF_INET6);
        if (fd == -Errno.EAFNOSUPPORT) {
            return;
        }
        sockets.setOption(fd, Abi.IPPROTO_IPV6, Abi.IPV6_V6ONLY, 0);

        assertThat(sockets.bind(fd, new InetSocketAddress(LOOPBACK, 0))).isZero();

        assertThat(((InetSocketAddress) sockets.localAddress(fd)).getAddress()).isInstanceOf(Inet4Address.class);
    }

    @Test
    void bindsAUnixSocket(@TempDir Path directory) throws IOException {
        fd = sockets.socket(Abi.AF_UNIX);
        var address = UnixDomainSocketAddress.of(directory.resolve("socket"));

        assertThat(sockets.bind(fd, address)).isZero();

        assertThat(sockets.localAddress(fd)).isEqualTo(address);
    }

    @Test
    void setsAndReadsOptions() {
        fd = sockets.socket(Abi.AF_INET);

        assertThat(sockets.setOption(fd, Abi.IPPROTO_TCP, Abi.TCP_NODELAY, 1)).isZero();
        assertThat(sockets.option(fd, Abi.IPPROTO_TCP, Abi.TCP_NODELAY)).isEqualTo(1);
        assertThat(sockets.option(fd, Abi.SOL_SOCKET, Abi.SO_KEEPALIVE)).isZero();
        assertThat(sockets.lingerZero(fd)).isZero();
        assertThat(sockets.setOption(fd, Abi.IPPROTO_TCP, 9999, 1)).isEqualTo(-Errno.ENOPROTOOPT);
    }

    @Test
    void failuresAreNegativeErrnosAndSpokenAddressesExceptions() {
        fd = sockets.socket(Abi.AF_INET);

        assertThat(sockets.shutdown(fd, Abi.SHUT_RDWR)).isEqualTo(-Errno.ENOTCONN);
        assertThat(sockets.close(-1)).isEqualTo(-Errno.EBADF);
        assertThat(sockets.listen(-1, 1)).isEqualTo(-Errno.EBADF);
        assertThat(sockets.bind(-1, new InetSocketAddress(0))).isEqualTo(-Errno.EBADF);
        assertThatThrownBy(() -> sockets.peerAddress(fd))
                .isInstanceOf(IOException.class)
                .hasMessage("Transport endpoint is not connected");
    }
}
