package io.hotpath.kernel.libc;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;

/**
 * Every downcall. Calls return {@code >= 0} or {@code -errno}. Any thread, unless the argument says
 * otherwise.
 *
 * <p>The errno is captured by the linker in the same transition, because the JVM makes system calls of its own before
 * Java could read it. The calls of a ring are handed the segment it is captured in; the rest keep one per thread.
 * Where a call of a ring takes memory it takes the address: the ring knows that the memory lives.
 * No call here is {@code critical}: a wait in a critical downcall would hold up every safepoint.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/syscall.2.html">syscall(2)</a>
 */
public final class Syscalls {
    /** Where errno is captured. */
    public static final StructLayout CAPTURE = Linker.Option.captureStateLayout();

    private static final long ERRNO = CAPTURE.byteOffset(groupElement("errno"));

    private static final long SYS_IO_URING_SETUP = 425;
    private static final long SYS_IO_URING_ENTER = 426;
    private static final long SYS_IO_URING_REGISTER = 427;
    private static final long SYS_EPOLL_PWAIT2 = 441;
    private static final long SIGSET_BYTES = 8;

    private static final MethodHandle SYSCALL = find(
            "syscall",
            FunctionDescriptor.of(
                    JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
            Linker.Option.firstVariadicArg(1));
    private static final MethodHandle MMAP = find(
            "mmap",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle MUNMAP = find("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle WRITE =
            find("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle CLOSE = find("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle EVENTFD = find("eventfd", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle SOCKET =
            find("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle SOCKETPAIR =
            find("socketpair", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle BIND = find("bind", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle LISTEN = find("listen", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle SHUTDOWN = find("shutdown", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle SETSOCKOPT = find(
            "setsockopt", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle GETSOCKOPT =
            find("getsockopt", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle GETSOCKNAME =
            find("getsockname", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle GETPEERNAME =
            find("getpeername", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));

    private static final MethodHandle ACCEPT4 =
            find("accept4", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle CONNECT =
            find("connect", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle RECV =
            find("recv", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle RECVMSG =
            find("recvmsg", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle SEND =
            find("send", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle SENDMSG =
            find("sendmsg", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle POLL =
            find("poll", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle FCNTL = find(
            "fcntl",
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT),
            Linker.Option.firstVariadicArg(2));
    private static final MethodHandle IOCTL = find(
            "ioctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS), Linker.Option.firstVariadicArg(2));
    private static final MethodHandle EPOLL_CREATE1 =
            find("epoll_create1", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle EPOLL_CTL =
            find("epoll_ctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle EPOLL_WAIT =
            find("epoll_wait", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT));

    private static final ThreadLocal<MemorySegment> CAPTURES =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CAPTURE));

    private Syscalls() {}

    public static int ioUringSetup(int entries, MemorySegment params) {
        return (int) syscall(CAPTURES.get(), SYS_IO_URING_SETUP, entries, params.address(), 0, 0, 0, 0);
    }

    /** {@code io_uring_enter(2)}; {@code arg} is the address of {@code argBytes} bytes, or 0. */
    public static int ioUringEnter(
            MemorySegment capture, int fd, int toSubmit, int minComplete, int flags, long arg, long argBytes) {
        return (int) syscall(capture, SYS_IO_URING_ENTER, fd, toSubmit, minComplete, flags, arg, argBytes);
    }

    public static int ioUringRegister(MemorySegment capture, int fd, int opcode, MemorySegment arg, int count) {
        return (int) syscall(capture, SYS_IO_URING_REGISTER, fd, opcode, arg.address(), count, 0, 0);
    }

    /** The address of the mapping or {@code -errno}; no address of user space is negative. */
    public static long mmap(long bytes, int protection, int flags, int fd, long offset) {
        MemorySegment capture = CAPTURES.get();
        try {
            long result = (long) MMAP.invokeExact(capture, 0L, bytes, protection, flags, fd, offset);
            return result == -1 ? -errno(capture) : result;
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    public static int munmap(long address, long bytes) {
        MemorySegment capture = CAPTURES.get();
        try {
            return result(capture, (int) MUNMAP.invokeExact(capture, address, bytes));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    public static int write(int fd, MemorySegment from) {
        MemorySegment capture = CAPTURES.get();
        try {
            return result(capture, (int) (long) WRITE.invokeExact(capture, fd, from, from.byteSize()));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    public static int close(int fd) {
        MemorySegment capture = CAPTURES.get();
        try {
            return result(capture, (int) CLOSE.invokeExact(capture, fd));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    public static int eventfd(int initial, int flags) {
        return call(EVENTFD, initial, flags);
    }

    public static int socket(int family, int type, int protocol) {
        MemorySegment capture = CAPTURES.get();
        try {
            return result(capture, (int) SOCKET.invokeExact(capture, family, type, protocol));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** Writes two descriptors to {@code pair}. */
    public static int socketpair(int family, int type, int protocol, MemorySegment pair) {
        MemorySegment capture = CAPTURES.get();
        try {
            return result(capture, (int) SOCKETPAIR.invokeExact(capture, family, type, protocol, pair));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    public static int bind(int fd, MemorySegment address, int addressBytes) {
        MemorySegment capture = CAPTURES.get();
        try {
            return result(capture, (int) BIND.invokeExact(capture, fd, address, addressBytes));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    public static int listen(int fd, int backlog) {
        return call(LISTEN, fd, backlog);
    }

    public static int shutdown(int fd, int how) {
        return call(SHUTDOWN, fd, how);
    }

    public static int setsockopt(int fd, int level, int name, MemorySegment value) {
        MemorySegment capture = CAPTURES.get();
        try {
            int bytes = (int) value.byteSize();
            return result(capture, (int) SETSOCKOPT.invokeExact(capture, fd, level, name, value, bytes));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    public static int getsockopt(int fd, int level, int name, MemorySegment value, MemorySegment valueBytes) {
        MemorySegment capture = CAPTURES.get();
        try {
            return result(capture, (int) GETSOCKOPT.invokeExact(capture, fd, level, name, value, valueBytes));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    public static int getsockname(int fd, MemorySegment address, MemorySegment addressBytes) {
        return name(GETSOCKNAME, fd, address, addressBytes);
    }

    public static int getpeername(int fd, MemorySegment address, MemorySegment addressBytes) {
        return name(GETPEERNAME, fd, address, addressBytes);
    }

    public static int fcntl(int fd, int command, int argument) {
        MemorySegment capture = CAPTURES.get();
        try {
            return result(capture, (int) FCNTL.invokeExact(capture, fd, command, argument));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** {@code ioctl(2)} with an address for its argument. */
    public static int ioctl(int fd, long request, MemorySegment argument) {
        MemorySegment capture = CAPTURES.get();
        try {
            return result(capture, (int) IOCTL.invokeExact(capture, fd, request, argument));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    // ---- the calls of a ring: the capture is its own, memory goes by address ------------------------------------------

    /** Accepts without asking for the peer's address. */
    public static int accept4(MemorySegment capture, int fd, int flags) {
        try {
            return result(capture, (int) ACCEPT4.invokeExact(capture, fd, 0L, 0L, flags));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    public static int connect(MemorySegment capture, int fd, long address, int addressBytes) {
        try {
            return result(capture, (int) CONNECT.invokeExact(capture, fd, address, addressBytes));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    public static int recv(MemorySegment capture, int fd, long address, long bytes, int flags) {
        try {
            return result(capture, (int) (long) RECV.invokeExact(capture, fd, address, bytes, flags));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    public static int send(MemorySegment capture, int fd, long address, long bytes, int flags) {
        try {
            return result(capture, (int) (long) SEND.invokeExact(capture, fd, address, bytes, flags));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** {@code message} is the address of a {@code struct msghdr}. */
    public static int recvmsg(MemorySegment capture, int fd, long message, int flags) {
        try {
            return result(capture, (int) (long) RECVMSG.invokeExact(capture, fd, message, flags));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** {@code message} is the address of a {@code struct msghdr}. */
    public static int sendmsg(MemorySegment capture, int fd, long message, int flags) {
        try {
            return result(capture, (int) (long) SENDMSG.invokeExact(capture, fd, message, flags));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** {@code descriptors} is the address of {@code count} of {@code struct pollfd}. */
    public static int poll(MemorySegment capture, long descriptors, long count, int timeoutMillis) {
        try {
            return result(capture, (int) POLL.invokeExact(capture, descriptors, count, timeoutMillis));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    public static int epollCreate1(MemorySegment capture, int flags) {
        try {
            return result(capture, (int) EPOLL_CREATE1.invokeExact(capture, flags));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** {@code event} is the address of a {@code struct epoll_event}, or 0. */
    public static int epollCtl(MemorySegment capture, int epollFd, int operation, int fd, long event) {
        try {
            return result(capture, (int) EPOLL_CTL.invokeExact(capture, epollFd, operation, fd, event));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** {@code timeoutMillis} of 0 does not wait, of -1 waits without a limit. */
    public static int epollWait(MemorySegment capture, int epollFd, long events, int eventsMax, int timeoutMillis) {
        try {
            return result(
                    capture, (int) EPOLL_WAIT.invokeExact(capture, epollFd, events, eventsMax, timeoutMillis));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** As {@link #epollWait}, limited by the {@code struct timespec} at {@code timeout}; Linux 5.11. */
    public static int epollPwait2(MemorySegment capture, int epollFd, long events, int eventsMax, long timeout) {
        return (int) syscall(capture, SYS_EPOLL_PWAIT2, epollFd, events, eventsMax, timeout, 0, SIGSET_BYTES);
    }

    private static long syscall(
            MemorySegment capture, long number, long a, long b, long c, long d, long e, long f) {
        try {
            long result = (long) SYSCALL.invokeExact(capture, number, a, b, c, d, e, f);
            return result >= 0 ? result : -errno(capture);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static int call(MethodHandle function, int a, int b) {
        MemorySegment capture = CAPTURES.get();
        try {
            return result(capture, (int) function.invokeExact(capture, a, b));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static int name(MethodHandle function, int fd, MemorySegment address, MemorySegment addressBytes) {
        MemorySegment capture = CAPTURES.get();
        try {
            return result(capture, (int) function.invokeExact(capture, fd, address, addressBytes));
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    private static int result(MemorySegment capture, int result) {
        return result >= 0 ? result : -errno(capture);
    }

    private static int errno(MemorySegment capture) {
        return capture.get(JAVA_INT, ERRNO);
    }

    /** A downcall declares no exception: what arrives here is an Error of the JVM or a mistake of ours. */
    private static RuntimeException unexpected(Throwable thrown) {
        return switch (thrown) {
            case Error error -> throw error;
            case RuntimeException exception -> exception;
            default -> new IllegalStateException(thrown);
        };
    }

    @SuppressWarnings("restricted") // native access is what this package is for; the module must be granted it
    private static MethodHandle find(String name, FunctionDescriptor function, Linker.Option... options) {
        Linker linker = Linker.nativeLinker();
        Linker.Option[] all = Arrays.copyOf(options, options.length + 1);
        all[options.length] = Linker.Option.captureCallState("errno");
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), function, all);
    }
}
