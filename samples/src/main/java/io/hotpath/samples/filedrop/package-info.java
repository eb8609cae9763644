/** Uploads to a disk that is slower than the network. */
@NullMarked
package io.hotpath.samples.filedrop;

import org.jspecify.annotations.NullMarked;
