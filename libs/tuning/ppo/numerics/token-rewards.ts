/**
 * Rewards of one completion's tokens: −coefficient · KL at each, and the completion's score at its last. Without tokens
 * there is nothing to reward.
 */
export function tokenRewards(kl: Float32Array, coefficient: number, score: number): Float64Array {
  const rewards = Float64Array.from(kl, (estimate) => -coefficient * estimate);
  const last = rewards.length - 1;
  if (last >= 0) rewards[last] = (rewards[last] ?? 0) + score;
  return rewards;
}
