package io.hotpath.faults;

import io.hotpath.Errno;
import io.hotpath.KernelPolicy;
import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineConfig;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.linux.LinuxKernel;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The program of a {@link Child}: each line of its input is a command, each gets one line as its answer. */
final class ChildMain {
    private static final int NO_RING = 1 << 20;
    private static final RingSetup RING = new RingSetup(512, 2048, true);
    private static final EngineConfig CONFIG =
            EngineConfig.DEFAULT.withEntries(64).withBuffers(64, 4096).withCopyBytesMax(1 << 20);

    private @Nullable ChildEcho echo;

    private ChildMain() {}

    /** With an argument, a program that needs an engine and fails to start without one: one line, then an exit code. */
    public static void main(String[] args) throws Exception {
        System.out.println(Answer.ok("pid", ProcessHandle.current().pid()));
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String line = commands.readLine();
        if (args.length > 0) {
            System.out.println(ChildEcho.open(ChildOptions.of(config(args[0]))).close());
            return;
        }
        ChildMain child = new ChildMain();
        while (line != null) {
            System.out.println(child.answer(line.split(" ", -1)));
            line = commands.readLine();
        }
        System.exit(0); // its threads are daemons, a ring that hangs must not keep the process
    }

    private Answer answer(String[] words) {
        try {
            return switch (words[0]) {
                case "raw" -> raw();
                case "open" -> open(words);
                case "stats" -> opened().stats();
                case "close" -> close();
                case "ring" -> ring();
                case "filter" -> filter(words);
                case "thread" -> inFilteredThread(words);
                case "profile" -> profile(Path.of(words[1]));
                case "foreign" -> foreign();
                case "spawn" -> Answer.ok("pid", Native.spawn("/bin/sleep", words[1]));
                default -> ChildDuty.answer(words, echo);
            };
        } catch (Exception | AssertionError thrown) {
            return Answer.of(thrown);
        }
    }

    /** What the three calls answer to arguments that no kernel takes: EFAULT or EINVAL, EBADF, EBADF. */
    static Answer raw() {
        try (Arena arena = Arena.ofConfined()) {
            long params = arena.allocate(120, Long.BYTES).address();
            return Answer.ok(
                    "setupOfNull", name(Native.syscall(Calls.SETUP, 1, 0)),
                    "setup", name(Native.syscall(Calls.SETUP, 0, params)),
                    "enter", name(Native.syscall(Calls.ENTER, NO_RING)),
                    "register", name(Native.syscall(Calls.REGISTER, NO_RING)));
        }
    }

    private Answer open(String[] words) throws Exception {
        ChildEcho opened = ChildEcho.open(ChildOptions.parse(config(words[1]), words, 2));
        echo = opened;
        return opened.stats();
    }

    private ChildEcho opened() {
        if (echo == null) {
            throw new IllegalStateException("nothing is open");
        }
        return echo;
    }

    private Answer close() throws InterruptedException {
        Answer last = opened().close();
        echo = null;
        return last;
    }

    /** The ring below an engine: what was taken of what was asked for. */
    private static Answer ring() {
        KernelRing ring = LinuxKernel.instance().openRing(RING);
        try {
            return Answer.ok(
                    "setupFlags", ring.features().setupFlags(),
                    "deferTaskrun", ring.features().deferTaskrun(),
                    "restricted", ring.features().restricted(),
                    "sqEntries", ring.memory().sqEntries(),
                    "cqEntries", ring.memory().cqEntries());
        } finally {
            ring.close();
        }
    }

    private static Answer filter(String[] words) {
        Seccomp.install(Seccomp.refusing(Integer.parseInt(words[2]), Calls.parse(words[1])), true);
        return raw();
    }

    private static Answer profile(Path file) throws Exception {
        Seccomp.install(SeccompProfile.read(file).compile(SyscallTable.read()), true);
        return raw();
    }

    /** A filter, an engine and its end in one thread: the process itself stays as it was. */
    private static Answer inFilteredThread(String[] words) throws Exception {
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        Thread thread = Thread.ofPlatform().start(() -> {
            Seccomp.install(Seccomp.refusing(Integer.parseInt(words[2]), Calls.parse(words[1])), false);
            Answer raw = raw();
            Answer opened;
            try (Engine engine = Engine.open(config(words[3]))) {
                opened = Answer.ok("kernel", engine.stats().kernel());
            } catch (Exception | AssertionError refused) {
                opened = Answer.of(refused);
            }
            opened.values().forEach(raw.values()::put); // the message stays last
            answer.complete(new Answer(opened.status(), raw.values()));
        });
        thread.join();
        return answer.getNow(Answer.of(new IllegalStateException("the thread gave no answer")));
    }

    /** Turns the engine from a thread that does not own it. */
    private Answer foreign() throws Exception {
        Engine engine = opened().engine();
        CompletableFuture<Thread> ranOn = new CompletableFuture<>();
        engine.execute(() -> ranOn.complete(Thread.currentThread()));
        String thrown = "nothing";
        try {
            engine.run(0);
        } catch (RuntimeException | AssertionError refused) {
            thrown = refused.getClass().getSimpleName();
        }
        return Answer.ok("thrown", thrown, "executedOn", ranOn.get().getName());
    }

    private static EngineConfig config(String policy) {
        return CONFIG.withPolicy(KernelPolicy.valueOf(policy.toUpperCase(Locale.ROOT)));
    }

    private static String name(long result) {
        return result < 0 ? Errno.name((int) -result) : "OK";
    }

    /** The three system calls. */
    static final class Calls {
        static final int SETUP = 425;
        static final int ENTER = 426;
        static final int REGISTER = 427;

        private Calls() {}

        static int[] parse(String numbers) {
            return Arrays.stream(numbers.split(",")).mapToInt(Integer::parseInt).toArray();
        }
    }
}
