import type { NamedTensors } from '#parameters';
import { randomStream } from '#randomness';
import type { TokenBatch } from './token-batch.ts';
import type { TokenSession } from './token-session.ts';
import { windowCount, windowLength, type TokenWindows } from './token-windows.ts';

/** Enough for a standard error of about 0.02 nats; evaluating more would take time from training. */
const MOST_WINDOWS = 2048;

export interface HeldOutScore {
  readonly loss: number;
  readonly accuracy: number;
}

export interface HeldOutText {
  readonly windows: TokenWindows;
  readonly seed: number;
  readonly batchSize: number;
  /** The batch of some windows; `at` tells batches apart. */
  readonly batch: (chosen: readonly number[], at: number) => TokenBatch;
}

/** Mean loss and accuracy over the targets of text that is never trained on: the same windows and batches every time. */
export async function heldOutLoss(
  session: TokenSession,
  parameters: NamedTensors,
  { windows, seed, batchSize, batch }: HeldOutText,
): Promise<HeldOutScore> {
  const all = Array.from({ length: windowCount(windows) }, (_, window) => window);
  const chosen = randomStream(seed, 'held-out-windows')
    .shuffle(all)
    .slice(0, MOST_WINDOWS)
    .sort((left, right) => windowLength(windows, left) - windowLength(windows, right) || left - right);
  let [loss, correct, targets] = [0, 0, 0];
  for (let at = 0; at < chosen.length; at += batchSize) {
    const tokens = batch(chosen.slice(at, at + batchSize), at);
    const score = await session.score(parameters, tokens);
    loss += score.loss * tokens.targets.length;
    correct += score.correct;
    targets += tokens.targets.length;
  }
  return { loss: loss / targets, accuracy: correct / targets };
}
