import { TuningError } from '../tuning-error.ts';

/** Labelled token ids, end to end in one array: example i is ids[offsets[i]] … ids[offsets[i + 1]] - 1. Cheap to hold and to transfer. */
export interface TokenisedExamples {
  readonly ids: Int32Array;
  /** One more than there are examples. */
  readonly offsets: Int32Array;
  /** Class indices, one an example. */
  readonly labels: Int32Array;
}

/** Lays sequences of ids end to end. Throws `tuning.examples-invalid` when there is not one label for each, or a sequence is empty. */
export function packExamples(sequences: readonly ArrayLike<number>[], labels: ArrayLike<number>): TokenisedExamples {
  if (sequences.length !== labels.length)
    throw new TuningError('tuning.examples-invalid', `${sequences.length} texts came with ${labels.length} labels.`);
  const offsets = new Int32Array(sequences.length + 1);
  sequences.forEach((sequence, i) => {
    if (sequence.length === 0) throw new TuningError('tuning.examples-invalid', `Example ${i} has no tokens.`);
    offsets[i + 1] = (offsets[i] ?? 0) + sequence.length;
  });
  const ids = new Int32Array(offsets[sequences.length] ?? 0);
  sequences.forEach((sequence, i) => {
    ids.set(sequence, offsets[i]);
  });
  return { ids, offsets, labels: Int32Array.from(labels) };
}

export function exampleCount(examples: TokenisedExamples): number {
  return examples.labels.length;
}

/** The number of tokens of one example. */
export function exampleLength({ offsets }: TokenisedExamples, example: number): number {
  return (offsets[example + 1] ?? 0) - (offsets[example] ?? 0);
}
