package io.hotpath.samples.chat;

import io.hotpath.samples.Program;

/** {@code ./hotpath chat [--port 7008] [--loops n]}; members use {@code nc 127.0.0.1 7008}. */
public final class ChatMain {
    private ChatMain() {}

    public static void main(String[] args) {
        Program.run("chat", "--port 7008 --loops 1", args, options -> ChatServer.create().loops(options.loops()));
    }
}
