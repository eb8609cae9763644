package io.hotpath.kernel.libc;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.SocketAddresses;
import io.hotpath.kernel.Sockets;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.net.SocketException;

/** The socket calls of the C library. Any thread; no state but memory of each thread for arguments. */
public final class LinuxSockets implements Sockets {
    private static final int SO_DOMAIN = 39;

    /** An arena per call is a dozen objects, several calls make up a connection's life. */
    private static final ThreadLocal<Arguments> ARGUMENTS = ThreadLocal.withInitial(Arguments::new);

    @Override
    public int socket(int family) {
        return Syscalls.socket(family, Abi.SOCK_STREAM | Abi.SOCK_CLOEXEC | Abi.SOCK_NONBLOCK, 0);
    }

    @Override
    public int bind(int fd, SocketAddress address) {
        int family = option(fd, Abi.SOL_SOCKET, SO_DOMAIN);
        if (family < 0) {
            return family;
        }
        MemorySegment raw = ARGUMENTS.get().address;
        return Syscalls.bind(fd, raw, SocketAddresses.write(address, family, raw));
    }

    @Override
    public int listen(int fd, int backlog) {
        return Syscalls.listen(fd, backlog);
    }

    @Override
    public int accept(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = arena.allocate(Syscalls.CAPTURE);
            return Syscalls.accept4(capture, fd, Abi.SOCK_CLOEXEC | Abi.SOCK_NONBLOCK);
        }
    }

    @Override
    public int shutdown(int fd, int how) {
        return Syscalls.shutdown(fd, how);
    }

    @Override
    public int setOption(int fd, int level, int name, int value) {
        MemorySegment word = ARGUMENTS.get().word;
        word.set(Abi.U32, 0, value);
        return Syscalls.setsockopt(fd, level, name, word);
    }

    @Override
    public int option(int fd, int level, int name) {
        Arguments arguments = ARGUMENTS.get();
        MemorySegment value = arguments.word;
        value.set(Abi.U32, 0, 0); // the kernel may write fewer bytes
        int result = Syscalls.getsockopt(fd, level, name, value, arguments.bytes(Integer.BYTES));
        return result < 0 ? result : value.get(Abi.U32, 0);
    }

    @Override
    public int lingerZero(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            // struct linger { int l_onoff; int l_linger; }
            return Syscalls.setsockopt(fd, Abi.SOL_SOCKET, Abi.SO_LINGER, arena.allocateFrom(Abi.U32, 1, 0));
        }
    }

    /** {@inheritDoc} What is queued and not acknowledged: a send that is blocked adds to it only what the peer has made room for. */
    @Override
    public int sendProgress(int fd) {
        MemorySegment value = ARGUMENTS.get().word;
        int result = Syscalls.ioctl(fd, Abi.SIOCOUTQ, value);
        return result < 0 ? result : value.get(Abi.U32, 0);
    }

    @Override
    public int steer(int fd, int... members) {
        if (members.length == 0) {
            int result = setOption(fd, Abi.SOL_SOCKET, Abi.SO_DETACH_REUSEPORT_BPF, 0);
            return result == -Errno.ENOENT ? 0 : result;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment program = ReuseportFilter.oneOf(members, arena);
            return Syscalls.setsockopt(fd, Abi.SOL_SOCKET, Abi.SO_ATTACH_REUSEPORT_CBPF, program);
        }
    }

    @Override
    public SocketAddress localAddress(int fd) throws IOException {
        Arguments arguments = ARGUMENTS.get();
        MemorySegment bytes = arguments.bytes(SocketAddresses.SOCKADDR_BYTES);
        return address(Syscalls.getsockname(fd, arguments.address, bytes), arguments.address, bytes);
    }

    @Override
    public SocketAddress peerAddress(int fd) throws IOException {
        Arguments arguments = ARGUMENTS.get();
        MemorySegment bytes = arguments.bytes(SocketAddresses.SOCKADDR_BYTES);
        return address(Syscalls.getpeername(fd, arguments.address, bytes), arguments.address, bytes);
    }

    @Override
    public int close(int fd) {
        return Syscalls.close(fd);
    }

    private static SocketAddress address(int result, MemorySegment raw, MemorySegment bytes) throws IOException {
        if (result < 0) {
            throw new SocketException(Errno.text(-result));
        }
        return SocketAddresses.read(raw, bytes.get(Abi.U32, 0));
    }

    /** What a thread hands to the kernel and gets back, one call at a time. */
    private static final class Arguments {
        final MemorySegment word;
        final MemorySegment address;
        private final MemorySegment bytes;

        Arguments() {
            Arena arena = Arena.ofAuto();
            word = arena.allocate(Abi.U32);
            bytes = arena.allocate(Abi.U32);
            address = arena.allocate(SocketAddresses.SOCKADDR_BYTES, Long.BYTES);
        }

        /** A length that goes in and out. */
        MemorySegment bytes(int count) {
            bytes.set(Abi.U32, 0, count);
            return bytes;
        }
    }
}
