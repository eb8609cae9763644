package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.Errno;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** F-42, F-43, F-44: a seccomp filter refuses one or all of the three system calls, with whatever errno it likes. */
@Tag("forked")
final class RefusedBySeccompIT {
    private static final List<Integer> ERRNOS = List.of(
            Errno.EPERM, Errno.ENOSYS, Errno.EACCES, Errno.EINVAL, Errno.EFAULT, Errno.EOPNOTSUPP);

    /** Every case has a filtered thread of its own in this one. */
    private static Child child;

    @BeforeAll
    static void startChild() {
        child = Child.start();
        assertThat(child.ask("ring").status()).isEqualTo(Answer.OK); // loads what it needs
    }

    @AfterAll
    static void endChild() {
        child.close();
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("refusals")
    void ioUringPolicyFailsTheStartWithCauseAndNextStep(String calls, String errno, int number) {
        ClosingAudit before = ClosingAudit.of(child.pid());

        Answer answer = child.ask("thread " + calls + ' ' + number + " io_uring");

        requireThatItHappened(answer, calls, errno);
        assertThat(answer.status()).isEqualTo(Answer.REFUSED);
        assertThat(answer.text("errno")).isEqualTo(errno);
        assertThat(answer.text("operation")).startsWith(operation(calls));
        assertThat(answer.text("reason")).isEqualTo(reason(calls, errno));
        assertThat(answer.message())
                .contains(errno)
                .containsAnyOf("io_uring_setup, io_uring_enter and io_uring_register (425, 426, 427)",
                        "needs Linux 6.0");
        before.requireNoMore();
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("refusals")
    void autoPolicyRunsOnTheNextKernel(String calls, String errno, int number) {
        Tools.requireFallback();
        ClosingAudit before = ClosingAudit.of(child.pid());

        Answer answer = child.ask("thread " + calls + ' ' + number + " auto");

        requireThatItHappened(answer, calls, errno);
        assertThat(answer.status()).isEqualTo(Answer.OK);
        assertThat(answer.text("kernel")).isEqualTo("epoll");
        before.requireNoMore();
    }

    @Test
    void wholeProcessIsRefusedAsInADefaultContainer() {
        try (Child container = Child.start()) {
            assertThat(container.ask("ring").status()).isEqualTo(Answer.OK);
            ClosingAudit before = ClosingAudit.of(container.pid());

            Answer raw = container.ask("filter 425,426,427 " + Errno.EPERM);
            Answer refused = container.ask("open io_uring");

            requireThatItHappened(raw, "425,426,427", "EPERM");
            assertThat(refused.text("reason")).isEqualTo("BLOCKED");
            assertThat(refused.message()).contains("io_uring_setup: EPERM").contains("seccomp profile must permit");
            before.requireNoMore();
        }
    }

    @Test
    void defaultContainerEchoesUnderPolicyAuto() {
        Tools.requireFallback();
        try (Child container = Child.start()) {
            ClosingAudit before = ClosingAudit.of(container.pid());
            container.ask("filter 425,426,427 " + Errno.EPERM);

            Answer opened = container.ask("open auto");
            assertThat(opened.text("kernel")).isEqualTo("epoll");
            ChecksumClient.echo((int) opened.number("port"), 1 << 20, 42);

            assertThat(container.errors()).contains("EPERM"); // one line said why
            assertThat(container.ask("close").text("leaks")).isEmpty();
            before.requireNoMore();
        }
    }

    static Stream<Arguments> refusals() {
        return Stream.of("425,426,427", "425", "426", "427")
                .flatMap(calls -> ERRNOS.stream().map(errno -> Arguments.of(calls, Errno.name(errno), errno)));
    }

    /** The calls that are refused give this errno to anybody, the others still tell what is wrong with their arguments. */
    private static void requireThatItHappened(Answer raw, String calls, String errno) {
        assertThat(raw.text("setupOfNull")).isEqualTo(calls.contains("425") ? errno : "EFAULT");
        assertThat(raw.text("setup")).isEqualTo(calls.contains("425") ? errno : "EINVAL");
        assertThat(raw.text("enter")).isEqualTo(calls.contains("426") ? errno : "EBADF");
        assertThat(raw.text("register")).isEqualTo(calls.contains("427") ? errno : "EBADF");
    }

    private static String operation(String calls) {
        return calls.contains("425") ? "io_uring_setup" : calls.equals("426") ? "io_uring_enter" : "io_uring_register";
    }

    /** A filter that answers EINVAL to setup looks like an old kernel, nothing tells them apart. */
    private static String reason(String calls, String errno) {
        return calls.contains("425") && errno.equals("EINVAL") ? "TOO_OLD" : "BLOCKED";
    }
}
