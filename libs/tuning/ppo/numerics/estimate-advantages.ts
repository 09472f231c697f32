import { generalisedAdvantages, type AdvantageSettings } from './generalised-advantages.ts';
import { klEstimate, type KlEstimator } from './kl-estimate.ts';
import { tokenRewards } from './token-rewards.ts';
import { whiten } from './whiten.ts';

export interface RewardSettings extends AdvantageSettings {
  readonly klEstimator: KlEstimator;
  /** Weight of the KL penalty at each token. */
  readonly klCoefficient: number;
  /** Scale all token rewards to unit variance before advantages are taken from them, their mean kept. */
  readonly whitenRewards: boolean;
}

/**
 * What was drawn and how it was liked. Tokens of all completions stand one after another, padding never among them, so
 * that means and variances need no masks.
 */
export interface ScoredTokens {
  /** Tokens of each completion; their sum is the length of the arrays below. */
  readonly lengths: readonly number[];
  readonly logProbabilities: Float32Array;
  readonly reference: Float32Array;
  readonly values: Float32Array;
  /** One a completion. */
  readonly scores: readonly number[];
}

/** What the clipped losses need of each token, and the mean KL of a completion in nats, by k3 whichever penalises. */
export interface TokenAdvantages {
  readonly advantages: Float32Array;
  readonly returns: Float32Array;
  readonly kl: number;
}

/**
 * From scores to advantages, as TRL's last PPO trainer has it: token rewards, (whitening,) generalised advantages a
 * completion, returns from these as they are, advantages whitened over all tokens.
 */
export function estimateAdvantages(drawn: ScoredTokens, settings: RewardSettings): TokenAdvantages {
  const kl = klEstimate(settings.klEstimator, drawn.logProbabilities, drawn.reference);
  const divergence = klEstimate('k3', drawn.logProbabilities, drawn.reference);
  const spans = spansOf(drawn.lengths);
  const count = drawn.logProbabilities.length;
  let rewards: Float64Array = new Float64Array(count);
  spans.forEach(({ from, to }, completion) => {
    rewards.set(tokenRewards(kl.subarray(from, to), settings.klCoefficient, drawn.scores[completion] ?? NaN), from);
  });
  if (settings.whitenRewards) rewards = whiten(rewards, { keepMean: true });
  const advantages = new Float64Array(count);
  const returns = new Float32Array(count);
  for (const { from, to } of spans) {
    const own = generalisedAdvantages(rewards.subarray(from, to), drawn.values.subarray(from, to), settings);
    advantages.set(own.advantages, from);
    returns.set(own.returns, from);
  }
  return {
    advantages: Float32Array.from(whiten(advantages)),
    returns,
    kl: divergence.reduce((total, estimate) => total + estimate, 0) / Math.max(1, spans.length),
  };
}

function spansOf(lengths: readonly number[]): { from: number; to: number }[] {
  let end = 0;
  return lengths.map((length) => {
    const from = end;
    end += length;
    return { from, to: end };
  });
}
