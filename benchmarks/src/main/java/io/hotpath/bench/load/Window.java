package io.hotpath.bench.load;

/** Who looks at the server when the measured time begins and ends. Called by the generator's thread, which waits for it. */
public interface Window {
    /** For a load that nobody looks at. */
    Window NONE = new Window() {
        @Override
        public void begins() {}

        @Override
        public void ends() {}
    };

    void begins();

    void ends();
}
