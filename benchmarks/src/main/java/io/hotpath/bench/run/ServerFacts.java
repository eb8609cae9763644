package io.hotpath.bench.run;

import java.util.List;

/**
 * Who was measured.
 *
 * @param inShortForm whether it has a column in the short tables
 * @param describe    what it said of itself when it started, without repetitions
 */
public record ServerFacts(String id, String title, boolean inShortForm, List<String> describe) {}
