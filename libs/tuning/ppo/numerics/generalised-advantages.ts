/** Discount and the trade between bias and variance of generalised advantage estimation. */
export interface AdvantageSettings {
  readonly gamma: number;
  readonly lambda: number;
}

/**
 * Advantages of one completion's tokens, before whitening, and the returns that the value head learns: δ = r + γV′ − V,
 * A = δ + γλA′ from the last token backwards with V = 0 after it, return = A + V (Schulman et al., arXiv 1506.02438, eq. 16).
 */
export function generalisedAdvantages(
  rewards: Float64Array,
  values: Float32Array,
  { gamma, lambda }: AdvantageSettings,
): { readonly advantages: Float64Array; readonly returns: Float64Array } {
  const advantages = new Float64Array(rewards.length);
  const returns = new Float64Array(rewards.length);
  let nextValue = 0;
  let nextAdvantage = 0;
  for (let token = rewards.length - 1; token >= 0; token--) {
    const value = values[token] ?? NaN;
    nextAdvantage = (rewards[token] ?? 0) + gamma * nextValue - value + gamma * lambda * nextAdvantage;
    nextValue = value;
    advantages[token] = nextAdvantage;
    returns[token] = nextAdvantage + value;
  }
  return { advantages, returns };
}
