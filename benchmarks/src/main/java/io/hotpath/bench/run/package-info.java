/** The bench: runs servers side by side, measures them in turns, and writes down what came of it. */
@NullMarked
package io.hotpath.bench.run;

import org.jspecify.annotations.NullMarked;
