/** A chat room: fan-out to members of whom one is slow. */
@NullMarked
package io.hotpath.samples.chat;

import org.jspecify.annotations.NullMarked;
