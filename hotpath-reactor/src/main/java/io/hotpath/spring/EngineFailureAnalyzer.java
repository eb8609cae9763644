package io.hotpath.spring;

import io.hotpath.EngineException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** An engine that the host refuses ends the start with what was refused and what to do about it. */
final class EngineFailureAnalyzer extends AbstractFailureAnalyzer<EngineException> {
    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, EngineException cause) {
        return new FailureAnalysis(
                "Hotpath could not open an event loop: " + cause.getMessage(),
                "With hotpath.kernel=auto the application starts on epoll where io_uring is refused; with hotpath.enabled=false"
                        + " it runs on reactor-netty's own loops. `hotpath doctor` says what the host lacks.",
                cause);
    }
}
