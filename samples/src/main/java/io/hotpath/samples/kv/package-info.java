/** A small key-value server that Redis' own clients can talk to. */
@NullMarked
package io.hotpath.samples.kv;

import org.jspecify.annotations.NullMarked;
