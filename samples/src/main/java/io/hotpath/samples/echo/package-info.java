/** The smallest server there is: what comes in goes out again. Once declared on the stream, once on the engine. */
@NullMarked
package io.hotpath.samples.echo;

import org.jspecify.annotations.NullMarked;
