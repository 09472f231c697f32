import { exampleLength, type TokenisedExamples } from './tokenised-examples.ts';

/** Token ids and mask [rows, columns] (1 where there is a token), labels [rows]; int64, as the step models take them. */
export interface PaddedBatch {
  readonly rows: number;
  readonly columns: number;
  readonly ids: BigInt64Array;
  readonly mask: BigInt64Array;
  readonly labels: BigInt64Array;
}

/** Pads the chosen examples to the longest among them, on the right. */
export function padBatch(examples: TokenisedExamples, chosen: readonly number[], padTokenId: number): PaddedBatch {
  const rows = chosen.length;
  const columns = Math.max(1, ...chosen.map((example) => exampleLength(examples, example)));
  const ids = new BigInt64Array(rows * columns).fill(BigInt(padTokenId));
  const mask = new BigInt64Array(rows * columns);
  chosen.forEach((example, row) => {
    const begin = examples.offsets[example] ?? 0;
    const length = exampleLength(examples, example);
    for (let column = 0; column < length; column++) {
      ids[row * columns + column] = BigInt(examples.ids[begin + column] ?? padTokenId);
      mask[row * columns + column] = 1n;
    }
  });
  return {
    rows,
    columns,
    ids,
    mask,
    labels: BigInt64Array.from(chosen, (example) => BigInt(examples.labels[example] ?? 0)),
  };
}
