package io.hotpath.netty;

/** Something that reported during a drain of completions and has a word to say at its end. */
interface TurnEnd {
    /** Every completion of this drain was reported. Loop thread. */
    void drained();
}
