package io.hotpath.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Socket addresses as the kernel sees them ({@code struct sockaddr_in}, {@code sockaddr_in6}, {@code sockaddr_un}) and as
 * Java does. Any thread; no state.
 *
 * @see <a href="https://man7.org/linux/man-pages/man7/ip.7.html">ip(7)</a>
 * @see <a href="https://man7.org/linux/man-pages/man7/ipv6.7.html">ipv6(7)</a>
 */
public final class SocketAddresses {
    /** Room for every address here: {@code sizeof(struct sockaddr_storage)}. */
    public static final int SOCKADDR_BYTES = 128;

    private static final int UNIX_PATH_MAX = 108;
    private static final int IN_BYTES = 16;
    private static final int IN6_BYTES = 28;
    private static final ValueLayout.OfShort FAMILY = Abi.U16;
    private static final ValueLayout.OfShort PORT = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);

    private SocketAddresses() {}

    /** The address family that {@code address} needs. */
    public static int family(SocketAddress address) {
        return switch (address) {
            case InetSocketAddress inet -> resolved(inet) instanceof Inet6Address ? Abi.AF_INET6 : Abi.AF_INET;
            case UnixDomainSocketAddress _ -> Abi.AF_UNIX;
            default -> throw unsupported(address);
        };
    }

    /**
     * Writes {@code address} at the start of {@code to}.
     *
     * @param family the family of the socket; an IPv4 address for an IPv6 socket is written as mapped
     * @return the bytes written
     */
    public static int write(SocketAddress address, int family, MemorySegment to) {
        return switch (address) {
            case InetSocketAddress inet when family == Abi.AF_INET6 -> writeInet6(inet, to);
            case InetSocketAddress inet -> writeInet(inet, to);
            case UnixDomainSocketAddress unix -> writeUnix(unix, to);
            default -> throw unsupported(address);
        };
    }

    /** Reads the address of {@code length} bytes that the kernel wrote at the start of {@code from}. */
    public static SocketAddress read(MemorySegment from, int length) throws IOException {
        int family = length < 2 ? Abi.AF_UNIX : from.get(FAMILY, 0);
        return switch (family) {
            case Abi.AF_INET ->
                new InetSocketAddress(InetAddress.getByAddress(bytes(from, 4, 4)),
                        Short.toUnsignedInt(from.get(PORT, 2)));
            case Abi.AF_INET6 -> readInet6(from);
            case Abi.AF_UNIX -> UnixDomainSocketAddress.of(unixPath(from, length));
            default -> throw new IOException("address family " + family + " is not supported");
        };
    }

    private static int writeInet(InetSocketAddress inet, MemorySegment to) {
        if (!(resolved(inet) instanceof Inet4Address v4)) {
            throw new IllegalArgumentException(inet + " is an IPv6 address, the socket is IPv4");
        }
        to.asSlice(0, IN_BYTES).fill((byte) 0);
        to.set(FAMILY, 0, (short) Abi.AF_INET);
        to.set(PORT, 2, (short) inet.getPort());
        MemorySegment.copy(v4.getAddress(), 0, to, JAVA_BYTE, 4, 4);
        return IN_BYTES;
    }

    private static int writeInet6(InetSocketAddress inet, MemorySegment to) {
        to.asSlice(0, IN6_BYTES).fill((byte) 0);
        to.set(FAMILY, 0, (short) Abi.AF_INET6);
        to.set(PORT, 2, (short) inet.getPort());
        byte[] raw = resolved(inet).getAddress();
        if (raw.length == 16) {
            MemorySegment.copy(raw, 0, to, JAVA_BYTE, 8, 16);
            to.set(Abi.U32, 24, ((Inet6Address) inet.getAddress()).getScopeId());
        } else if (!inet.getAddress().isAnyLocalAddress()) {
            to.set(JAVA_BYTE, 18, (byte) 0xff);
            to.set(JAVA_BYTE, 19, (byte) 0xff);
            MemorySegment.copy(raw, 0, to, JAVA_BYTE, 20, 4);
        }
        return IN6_BYTES;
    }

    private static int writeUnix(UnixDomainSocketAddress unix, MemorySegment to) {
        byte[] path = unix.getPath().toString().getBytes(StandardCharsets.UTF_8);
        if (path.length >= UNIX_PATH_MAX) {
            throw new IllegalArgumentException("the path " + unix + " has " + path.length + " bytes, at most "
                    + (UNIX_PATH_MAX - 1) + " fit into a socket address");
        }
        to.asSlice(0, 2 + UNIX_PATH_MAX).fill((byte) 0);
        to.set(FAMILY, 0, (short) Abi.AF_UNIX);
        MemorySegment.copy(path, 0, to, JAVA_BYTE, 2, path.length);
        return 2 + path.length + 1;
    }

    private static SocketAddress readInet6(MemorySegment from) throws IOException {
        byte[] raw = bytes(from, 8, 16);
        int scope = from.get(Abi.U32, 24);
        // getByAddress turns an IPv4-mapped address into an Inet4Address, which is what users compare with
        InetAddress address = InetAddress.getByAddress(raw);
        if (address instanceof Inet6Address && scope != 0) {
            address = Inet6Address.getByAddress(null, raw, scope);
        }
        return new InetSocketAddress(address, Short.toUnsignedInt(from.get(PORT, 2)));
    }

    private static String unixPath(MemorySegment from, int length) {
        byte[] raw = length <= 2 ? new byte[0] : bytes(from, 2, length - 2);
        int end = 0;
        while (end < raw.length && raw[end] != 0) {
            end++;
        }
        return new String(Arrays.copyOf(raw, end), StandardCharsets.UTF_8);
    }

    private static byte[] bytes(MemorySegment from, long offset, int length) {
        byte[] bytes = new byte[length];
        MemorySegment.copy(from, JAVA_BYTE, offset, bytes, 0, length);
        return bytes;
    }

    private static InetAddress resolved(InetSocketAddress inet) {
        InetAddress address = inet.getAddress();
        if (address == null) {
            throw new IllegalArgumentException(inet + " is not resolved: resolve the name before it comes to a loop");
        }
        return address;
    }

    private static IllegalArgumentException unsupported(SocketAddress address) {
        return new IllegalArgumentException(
                address.getClass().getName() + " is not supported: use InetSocketAddress or UnixDomainSocketAddress");
    }
}
