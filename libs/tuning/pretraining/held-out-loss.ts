import type { NamedTensors } from '#parameters';
import { randomStream } from '#randomness';
import { maskTokens, type MaskingSettings } from './mask-tokens.ts';
import type { PretrainingSession } from './pretraining-session.ts';
import { windowCount, windowLength, type TokenWindows } from './token-windows.ts';

/** Enough for a standard error of about 0.02 nats; evaluating more would take time from training. */
const MOST_WINDOWS = 2048;

export interface HeldOutScore {
  readonly loss: number;
  readonly accuracy: number;
}

/** Mean loss and accuracy over masked tokens of text that is never trained on: the same windows and masks every time. */
export async function heldOutLoss(
  session: PretrainingSession,
  parameters: NamedTensors,
  windows: TokenWindows,
  masking: MaskingSettings,
  batchSize: number,
): Promise<HeldOutScore> {
  const all = Array.from({ length: windowCount(windows) }, (_, window) => window);
  const chosen = randomStream(masking.seed, 'held-out-windows')
    .shuffle(all)
    .slice(0, MOST_WINDOWS)
    .sort((left, right) => windowLength(windows, left) - windowLength(windows, right) || left - right);
  let [loss, correct, masked] = [0, 0, 0];
  for (let at = 0; at < chosen.length; at += batchSize) {
    const batch = maskTokens(windows, chosen.slice(at, at + batchSize), masking, 'held-out', at);
    const score = await session.score(parameters, batch);
    loss += score.loss * batch.targets.length;
    correct += score.correct;
    masked += batch.targets.length;
  }
  return { loss: loss / masked, accuracy: correct / masked };
}
