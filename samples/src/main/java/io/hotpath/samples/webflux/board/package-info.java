/** The live board: what the rings below the application hold and count, for {@code board.html}, and buttons that make them work. */
@NullMarked
package io.hotpath.samples.webflux.board;

import org.jspecify.annotations.NullMarked;
