/** What the samples share: a program around a server. */
@NullMarked
package io.hotpath.samples;

import org.jspecify.annotations.NullMarked;
