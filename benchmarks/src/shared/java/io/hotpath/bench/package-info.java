/** What the servers under test and the programs that measure them have in common. */
@NullMarked
package io.hotpath.bench;

import org.jspecify.annotations.NullMarked;
