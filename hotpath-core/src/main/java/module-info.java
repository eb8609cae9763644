/**
 * io_uring from pure Java: the ring, op by op, and the engine that makes connections of it. The kernels below stay inside.
 */
module io.hotpath.core {
    requires static org.jspecify;
    requires static jdk.jfr;

    exports io.hotpath;
    exports io.hotpath.ring;
    exports io.hotpath.engine;
}
