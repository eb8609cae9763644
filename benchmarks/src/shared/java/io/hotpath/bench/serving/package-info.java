/**
 * What the servers under test share, Hotpath's and their peers', which have a class path of their own: command line, lines on
 * stdout, and the same handlers for the same library. Uses nothing of Hotpath.
 */
@NullMarked
package io.hotpath.bench.serving;

import org.jspecify.annotations.NullMarked;
