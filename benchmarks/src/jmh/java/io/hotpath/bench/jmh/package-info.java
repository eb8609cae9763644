/**
 * What Hotpath's own code costs per message, without system calls: on a {@link io.hotpath.bench.jmh.StepKernel}, which takes SQEs
 * and posts CQEs in its {@code enter}.
 */
@NullMarked
package io.hotpath.bench.jmh;

import org.jspecify.annotations.NullMarked;
