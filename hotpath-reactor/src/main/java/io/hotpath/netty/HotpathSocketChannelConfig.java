package io.hotpath.netty;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.MessageSizeEstimator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.SocketChannelConfig;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Options of a {@link HotpathSocketChannel}. Any thread. */
final class HotpathSocketChannelConfig extends DefaultChannelConfig implements SocketChannelConfig {
    private final HotpathSocketChannel stream;
    private final NativeOptions natives = new NativeOptions();
    private volatile boolean allowHalfClosure;

    /** Negative: off. 0 resets on close. Above, as off: a close never waits, and the kernel sends on behind it. */
    private volatile int soLinger = -1;

    HotpathSocketChannelConfig(HotpathSocketChannel stream) {
        super(stream);
        this.stream = stream;
    }

    NativeOptions natives() {
        return natives;
    }

    @Override
    protected void autoReadCleared() {
        stream.autoReadCleared();
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        Map<ChannelOption<?>, Object> options = new HashMap<>(getOptions(
                super.getOptions(), ChannelOption.SO_RCVBUF, ChannelOption.SO_SNDBUF, ChannelOption.TCP_NODELAY,
                ChannelOption.SO_KEEPALIVE, ChannelOption.SO_REUSEADDR, ChannelOption.SO_LINGER, ChannelOption.IP_TOS,
                ChannelOption.ALLOW_HALF_CLOSURE));
        return options;
    }

    @Override
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // the option's type says what its value is
    public <T> @Nullable T getOption(ChannelOption<T> option) {
        NativeOption linux = NativeOption.of(option);
        if (linux != null) {
            return (T) linux.fromNative(natives.get(linux, linux == NativeOption.TCP_NODELAY ? 1 : 0));
        }
        return switch (NativeOption.simpleName(option)) {
            case "SO_LINGER" -> (T) Integer.valueOf(soLinger);
            case "ALLOW_HALF_CLOSURE" -> (T) Boolean.valueOf(allowHalfClosure);
            default -> super.getOption(option);
        };
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
        validate(option, value);
        NativeOption linux = NativeOption.of(option);
        if (linux != null) {
            natives.set(linux, value);
            return true;
        }
        switch (NativeOption.simpleName(option)) {
            case "SO_LINGER" -> setSoLinger((Integer) value);
            case "ALLOW_HALF_CLOSURE" -> setAllowHalfClosure((Boolean) value);
            default -> {
                return super.setOption(option, value);
            }
        }
        return true;
    }

    @Override
    public boolean isTcpNoDelay() {
        return natives.get(NativeOption.TCP_NODELAY, 1) != 0;
    }

    @Override
    public SocketChannelConfig setTcpNoDelay(boolean tcpNoDelay) {
        natives.set(NativeOption.TCP_NODELAY, tcpNoDelay);
        return this;
    }

    @Override
    public int getSoLinger() {
        return soLinger;
    }

    @Override
    public SocketChannelConfig setSoLinger(int value) {
        soLinger = value;
        return this;
    }

    @Override
    public int getSendBufferSize() {
        return natives.get(NativeOption.SO_SNDBUF, 0);
    }

    @Override
    public SocketChannelConfig setSendBufferSize(int sendBufferSize) {
        natives.set(NativeOption.SO_SNDBUF, sendBufferSize);
        return this;
    }

    @Override
    public int getReceiveBufferSize() {
        return natives.get(NativeOption.SO_RCVBUF, 0);
    }

    @Override
    public SocketChannelConfig setReceiveBufferSize(int receiveBufferSize) {
        natives.set(NativeOption.SO_RCVBUF, receiveBufferSize);
        return this;
    }

    @Override
    public boolean isKeepAlive() {
        return natives.get(NativeOption.SO_KEEPALIVE, 0) != 0;
    }

    @Override
    public SocketChannelConfig setKeepAlive(boolean keepAlive) {
        natives.set(NativeOption.SO_KEEPALIVE, keepAlive);
        return this;
    }

    @Override
    public int getTrafficClass() {
        return natives.get(NativeOption.IP_TOS, 0);
    }

    @Override
    public SocketChannelConfig setTrafficClass(int trafficClass) {
        natives.set(NativeOption.IP_TOS, trafficClass);
        return this;
    }

    @Override
    public boolean isReuseAddress() {
        return natives.get(NativeOption.SO_REUSEADDR, 0) != 0;
    }

    @Override
    public SocketChannelConfig setReuseAddress(boolean reuseAddress) {
        natives.set(NativeOption.SO_REUSEADDR, reuseAddress);
        return this;
    }

    /** Does nothing, as everywhere: no kernel knows of it. */
    @Override
    public SocketChannelConfig setPerformancePreferences(int connectionTime, int latency, int bandwidth) {
        return this;
    }

    @Override
    public boolean isAllowHalfClosure() {
        return allowHalfClosure;
    }

    @Override
    public SocketChannelConfig setAllowHalfClosure(boolean value) {
        allowHalfClosure = value;
        return this;
    }

    @Override
    public SocketChannelConfig setConnectTimeoutMillis(int connectTimeoutMillis) {
        super.setConnectTimeoutMillis(connectTimeoutMillis);
        return this;
    }

    @Override
    @Deprecated
    public SocketChannelConfig setMaxMessagesPerRead(int maxMessagesPerRead) {
        super.setMaxMessagesPerRead(maxMessagesPerRead);
        return this;
    }

    @Override
    public SocketChannelConfig setWriteSpinCount(int writeSpinCount) {
        super.setWriteSpinCount(writeSpinCount);
        return this;
    }

    @Override
    public SocketChannelConfig setAllocator(ByteBufAllocator allocator) {
        super.setAllocator(allocator);
        return this;
    }

    @Override
    public SocketChannelConfig setRecvByteBufAllocator(RecvByteBufAllocator allocator) {
        super.setRecvByteBufAllocator(allocator);
        return this;
    }

    @Override
    public SocketChannelConfig setAutoRead(boolean autoRead) {
        super.setAutoRead(autoRead);
        return this;
    }

    @Override
    public SocketChannelConfig setAutoClose(boolean autoClose) {
        super.setAutoClose(autoClose);
        return this;
    }

    @Override
    public SocketChannelConfig setMessageSizeEstimator(MessageSizeEstimator estimator) {
        super.setMessageSizeEstimator(estimator);
        return this;
    }

    @Override
    public SocketChannelConfig setWriteBufferWaterMark(WriteBufferWaterMark writeBufferWaterMark) {
        super.setWriteBufferWaterMark(writeBufferWaterMark);
        return this;
    }
}
