package io.hotpath.reactor;

/** What becomes of buffers that nobody will take. Idempotent, as Reactor's discard contract asks. */
final class Discards {
    private Discards() {}

    static void release(HotpathBuffer buffer) {
        switch (buffer) {
            case LeasedBuffer leased -> leased.discard();
            case HeapBuffer _ -> {}
        }
    }
}
