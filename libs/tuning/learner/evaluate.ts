import type { NamedTensors } from '#parameters';
import { evaluationBatches } from '../batches/evaluation-batches.ts';
import { padBatch } from '../batches/pad-batch.ts';
import { exampleCount, type TokenisedExamples } from '../batches/tokenised-examples.ts';
import type { ClassifierSession } from './classifier-session.ts';

/** Right answers, and the mean cross-entropy in nats. */
export interface Evaluation {
  readonly correct: number;
  readonly examples: number;
  readonly loss: number;
}

/**
 * Answers every example. Batches are of similar length for speed and depend on the examples alone; sums are in double
 * precision in that order, so that the same model gives the same numbers. A loss that overflows counts as the largest number.
 */
export async function evaluate(
  session: ClassifierSession,
  parameters: NamedTensors,
  examples: TokenisedExamples,
  options: { readonly batchSize: number; readonly loraScale: number },
): Promise<Evaluation> {
  let correct = 0;
  let total = 0;
  for (const chosen of evaluationBatches(examples, options.batchSize)) {
    const batch = padBatch(examples, chosen, session.padTokenId);
    const { shape, data } = await session.logits(parameters, batch, options.loraScale);
    const classes = shape[1] ?? 0;
    chosen.forEach((example, row) => {
      const label = examples.labels[example] ?? 0;
      const logits = data.subarray(row * classes, (row + 1) * classes);
      if (largest(logits) === label) correct += 1;
      total += logSumExp(logits) - (logits[label] ?? NaN);
    });
  }
  const loss = total / Math.max(1, exampleCount(examples));
  return { correct, examples: exampleCount(examples), loss: Number.isFinite(loss) ? loss : Number.MAX_VALUE };
}

/** The index of the largest number, the first of equals; -1 when one is not a number. */
function largest(logits: Float32Array): number {
  const most = Math.max(...logits);
  return logits.indexOf(most);
}

function logSumExp(logits: Float32Array): number {
  const most = Math.max(...logits);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - most);
  return most + Math.log(sum);
}
