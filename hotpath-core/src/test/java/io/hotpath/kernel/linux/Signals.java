package io.hotpath.kernel.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/** Sends a harmless signal to one thread of this process. */
final class Signals {
    private static final int SIGPIPE = 13;

    private static final MethodHandle GETTID = find("gettid", FunctionDescriptor.of(JAVA_INT));
    private static final MethodHandle TGKILL =
            find("tgkill", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));

    private Signals() {}

    /** The calling thread as the system knows it. */
    static int threadId() {
        try {
            return (int) GETTID.invokeExact();
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
    }

    static void interrupt(int threadId) {
        try {
            int result =
                    (int) TGKILL.invokeExact((int) ProcessHandle.current().pid(), threadId, SIGPIPE);
            assert result == 0;
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle find(String name, FunctionDescriptor function) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), function);
    }
}
