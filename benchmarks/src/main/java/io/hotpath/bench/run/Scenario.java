package io.hotpath.bench.run;

import io.hotpath.bench.Workload;
import io.hotpath.bench.load.Load;

/**
 * A line of the result: a load, and what the servers do under it.
 *
 * @param id          short and stable; begins with the word by which {@code --workload} finds it
 * @param title       as it stands in a table
 * @param inShortForm whether the short form of the bench measures it
 */
public record Scenario(String id, String title, Workload workload, Load load, boolean inShortForm) {
    /** The same, each byte compared. */
    Scenario verified() {
        return new Scenario(id, title, workload, load.withVerify(true), inShortForm);
    }
}
