package io.hotpath.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.Limits;
import io.netty.channel.IoHandlerFactory;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class HotpathIoHandlerTest {
    /** The test's own thread. */
    private static final class Here implements ThreadAwareExecutor {
        private final Thread thread = Thread.currentThread();

        @Override
        public boolean isExecutorThread(Thread asked) {
            return asked == thread;
        }

        @Override
        public void execute(Runnable task) {
            task.run();
        }
    }

    @Test
    void leavesDeadlinesToThePipeline() {
        EngineConfig limited = EngineConfig.DEFAULT.withLimits(Limits.DEFAULT.withIdle(Duration.ofSeconds(1)));
        for (IoHandlerFactory factory : List.of(HotpathIoHandler.newFactory(), HotpathIoHandler.newFactory(limited))) {
            HotpathIoHandler handler = (HotpathIoHandler) factory.newHandler(new Here());
            handler.initialize();
            assertThat(handler.engine().config().limits()).isEqualTo(Limits.OFF);
            handler.prepareToDestroy();
            handler.destroy();
        }
    }
}
