package io.hotpath.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * One thing that happens in a {@link Story}. Complete in itself, so that a story can leave out others and still mean the same.
 *
 * @param who    which peer or connection, modulo how many there are
 * @param amount bytes, credit, turns: what the action makes of it
 */
record StoryStep(Action action, int who, int amount) {
    private static final int WHO_MAX = 840; // the same remainder for each count up to 8
    private static final int AMOUNT_MAX = 3_000;
    private static final int STEPS_MIN = 20;
    private static final int STEPS_MAX = 150;

    /** What can happen, and how often compared to the rest. */
    enum Action {
        TURN(18),

        // peers
        CONNECT(6),
        PEER_SENDS(16),
        PEER_STALLS(3),
        PEER_RESUMES(4),
        PEER_FINISHES(1),
        PEER_RESETS(1),
        SERVER_SILENT(1),
        SERVER_ANSWERS(1),

        // handlers, outside of a report
        CONNECT_OUT(2),
        RELEASE(5),
        SEND_HELD(3),
        SEND_HEAP(5),
        SEND_IN_PLACE(2),
        SEND_NOW(2),
        REQUEST(5),
        START(2),
        PAUSE(2),
        SHUT_DOWN_OUTPUT(1),
        CLOSE(1),
        RESET(1),
        CREDIT(5),
        LISTEN(1),
        LISTENER_CLOSES(1),
        LISTENER_PAUSES(1),
        LISTENER_RESUMES(2),

        // the host
        FEW_DESCRIPTORS(1),
        MANY_DESCRIPTORS(1),
        FAULTS(1),
        NO_FAULTS(1),
        FAILOVER(2),
        RING_DIES(1),
        LOSE_ACCEPT(1),
        LOSE_RECV(2),
        LOSE_SEND(2),
        REFUSE_RING(1);

        private final int weight;

        Action(int weight) {
            this.weight = weight;
        }
    }

    private static final List<Action> URN = urn();

    private static List<Action> urn() {
        List<Action> urn = new ArrayList<>();
        for (Action action : Action.values()) {
            for (int i = 0; i < action.weight; i++) {
                urn.add(action);
            }
        }
        return urn;
    }

    /** What happens in the story of {@code seed}. */
    static List<StoryStep> of(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<StoryStep> steps = new ArrayList<>();
        int count = random.nextInt(STEPS_MIN, STEPS_MAX);
        for (int i = 0; i < count; i++) {
            Action action = i == 0 ? Action.CONNECT : URN.get(random.nextInt(URN.size()));
            int amount = random.nextInt(1 + random.nextInt(AMOUNT_MAX));
            steps.add(new StoryStep(action, random.nextInt(WHO_MAX), amount));
        }
        return steps;
    }

    @Override
    public String toString() {
        return action + " who=" + who + " amount=" + amount;
    }
}
