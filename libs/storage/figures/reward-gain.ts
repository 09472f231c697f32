import type { RecordedReward } from '../entities/evaluation.ts';
import { meanInterval } from './mean-interval.ts';

/** What a client earned of the same held-out instructions, before and after. */
interface Earned {
  readonly reward: RecordedReward | null;
  readonly rewardFirst: RecordedReward | null;
}

/**
 * What training changed of the clients' own weighted rewards: over held-out instructions, each answered before and after with
 * the same random numbers, of the mean over clients; with Student's two-sided 95 % interval.
 */
export interface RewardGain {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly instructions: number;
  /** Whether the whole interval is above 0; otherwise the run does not show that training helped. */
  readonly isShown: boolean;
}

/** Undefined where no two instructions were answered before and after by the same client. */
export function rewardGain(clients: readonly Earned[]): RewardGain | undefined {
  const changes = clients.flatMap(({ reward, rewardFirst }) => {
    const [after = [], before = []] = [reward?.each, rewardFirst?.each];
    if (after.length === 0 || after.length !== before.length) return [];
    return [after.map((own, place) => own - (before[place] ?? NaN))];
  });
  const instructions = Math.min(...changes.map(({ length }) => length));
  if (changes.length === 0 || instructions < 2) return undefined;
  const perInstruction = Array.from(
    { length: instructions },
    (_, place) => changes.reduce((sum, change) => sum + (change[place] ?? NaN), 0) / changes.length,
  );
  const { mean, low = NaN, high = NaN } = meanInterval(perInstruction);
  return { mean, low, high, instructions, isShown: low > 0 };
}
