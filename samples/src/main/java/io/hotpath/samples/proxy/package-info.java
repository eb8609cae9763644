/** A TCP proxy: a client and a server in one line, with back-pressure through both. */
@NullMarked
package io.hotpath.samples.proxy;

import org.jspecify.annotations.NullMarked;
