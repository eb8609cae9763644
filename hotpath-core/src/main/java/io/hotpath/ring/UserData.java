package io.hotpath.ring;

/**
 * What an SQE carries and its CQEs bring back: the op in the upper 8 bits, a generation in the next 24, a slot in the lower
 * 32. The generation is what tells a late completion from one of the slot's next owner.
 */
public final class UserData {
    /** Generations wrap here. */
    public static final int GENERATION_MASK = 0xff_ffff;

    private UserData() {}

    public static long of(int op, int generation, int slot) {
        return (long) op << 56 | (long) (generation & GENERATION_MASK) << 32 | Integer.toUnsignedLong(slot);
    }

    public static int op(long userData) {
        return (int) (userData >>> 56);
    }

    public static int generation(long userData) {
        return (int) (userData >>> 32) & GENERATION_MASK;
    }

    public static int slot(long userData) {
        return (int) userData;
    }
}
