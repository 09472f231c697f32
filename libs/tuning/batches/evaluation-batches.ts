import { exampleCount, exampleLength, type TokenisedExamples } from './tokenised-examples.ts';

/** All examples in batches of similar length, shortest first: little padding, and the same batches every time (ties keep their order). */
export function evaluationBatches(examples: TokenisedExamples, size: number): number[][] {
  const byLength = Array.from({ length: exampleCount(examples) }, (_, example) => example).sort(
    (left, right) => exampleLength(examples, left) - exampleLength(examples, right) || left - right,
  );
  return Array.from({ length: Math.ceil(byLength.length / size) }, (_, batch) =>
    byLength.slice(batch * size, (batch + 1) * size),
  );
}
