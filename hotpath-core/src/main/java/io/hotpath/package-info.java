/**
 * The words that every layer shares: error numbers, the choice of kernel, and what a misconfigured host is told.
 *
 * <p>Uses nothing but the JDK, so that each layer below and above may use it.
 */
@NullMarked
package io.hotpath;

import org.jspecify.annotations.NullMarked;
