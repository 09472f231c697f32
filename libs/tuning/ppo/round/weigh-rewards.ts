import type { Rollout } from '../workers/ppo-messages.ts';
import type { PromptAndCompletion, RewardKey, RewardScorer } from './reward-scorer.ts';

export interface RewardWeights {
  /** The client's own weight of each reward. */
  readonly weights: Readonly<Record<string, number>>;
  /** Standardised scores count at most as this, either way. */
  readonly scoreLimit: number;
  /** What each reward is when a completion has no text; no reward model is asked then. */
  readonly emptyScore: number;
}

/** Completions and what they are worth to a client. */
export interface Judged {
  /** R = Σ wₖ·rₖ of each completion. */
  readonly weighted: readonly number[];
  /** Mean of each reward over the completions, after limits. */
  readonly means: Readonly<Record<string, number>>;
  readonly emptyCompletions: number;
  /** Scores that the limit held back. */
  readonly limitedScores: number;
}

/** Asks the reward models and weighs their answers. Rejects as the scorer does. */
export async function judge(
  scorer: RewardScorer,
  key: RewardKey,
  rollouts: readonly Rollout[],
  { weights, scoreLimit, emptyScore }: RewardWeights,
): Promise<Judged> {
  const isEmpty = ({ text }: Rollout): boolean => text.trim() === '';
  const asked = rollouts.filter((rollout) => !isEmpty(rollout));
  const pairs = asked.map(({ promptText, text }): PromptAndCompletion => ({ prompt: promptText, completion: text }));
  const scores = pairs.length === 0 ? new Map<string, readonly number[]>() : await scorer.score(key, pairs);
  const weighted = rollouts.map(() => 0);
  const means: Record<string, number> = {};
  let limitedScores = 0;
  for (const [reward, weight] of Object.entries(weights)) {
    const known = scores.get(reward) ?? [];
    // A reward model that is left out of the round is left out of the sum.
    if (pairs.length > 0 && !scores.has(reward)) continue;
    let next = 0;
    let total = 0;
    rollouts.forEach((rollout, at) => {
      const raw = isEmpty(rollout) ? emptyScore : (known[next++] ?? NaN);
      const score = Math.min(scoreLimit, Math.max(-scoreLimit, raw));
      if (score !== raw && !isEmpty(rollout)) limitedScores += 1;
      total += score;
      weighted[at] = (weighted[at] ?? 0) + weight * score;
    });
    means[reward] = total / Math.max(1, rollouts.length);
  }
  return { weighted, means, emptyCompletions: rollouts.length - asked.length, limitedScores };
}
