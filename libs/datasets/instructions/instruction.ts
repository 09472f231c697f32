import type { Digest } from '#parameters';

/** Something to do, what to do it with where that is needed, and a good answer. */
export interface Instruction {
  readonly instruction: string;
  /** The text that the instruction speaks of; absent where it needs none. */
  readonly input?: string;
  readonly output: string;
  /** What sort of instruction it is, where the source says so: Dolly's category; `define`, `sentence` or `kind`. */
  readonly category?: string;
}

/**
 * Instructions with answers, split for good: no prompt of `test` occurs in `train`, and no prompt twice in either.
 * They stand in canonical order (by prompt), so that the order of a file's rows changes nothing downstream.
 */
export interface InstructionSet {
  readonly train: readonly Instruction[];
  readonly test: readonly Instruction[];
  /** SHA-256 over all of it in canonical order. */
  readonly digest: Digest;
  /** What a user should know about how the rows were read, one sentence each; usually empty. */
  readonly notes: readonly string[];
}
