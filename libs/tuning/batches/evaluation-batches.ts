import { exampleCount, exampleLength, type TokenisedExamples } from './tokenised-examples.ts';

/**
 * Tokens of a batch, padding included: 1024 rows keep a MatMul as busy as more would, and an evaluation then needs no more
 * memory than a training step of 16 × 64 (64 × 64 tokens of a RoBERTa-base would take 2.7 GB of activations).
 */
const MOST_TOKENS = 1024;

/**
 * All examples in batches of similar length, shortest first: little padding, and the same batches every time (ties keep
 * their order). A batch has at most `size` examples, fewer where they are long.
 */
export function evaluationBatches(examples: TokenisedExamples, size: number, mostTokens = MOST_TOKENS): number[][] {
  const byLength = Array.from({ length: exampleCount(examples) }, (_, example) => example).sort(
    (left, right) => exampleLength(examples, left) - exampleLength(examples, right) || left - right,
  );
  const batches: number[][] = [];
  let batch: number[] = [];
  for (const example of byLength) {
    const columns = exampleLength(examples, example);
    if (batch.length === size || (batch.length > 0 && (batch.length + 1) * columns > mostTokens)) {
      batches.push(batch);
      batch = [];
    }
    batch.push(example);
  }
  return batch.length === 0 ? batches : [...batches, batch];
}
