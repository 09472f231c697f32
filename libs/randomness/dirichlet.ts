import type { RandomStream } from './random-stream.ts';
import { RandomnessError } from './randomness-error.ts';

/**
 * One draw of `count` shares that sum to 1 from the symmetric Dirichlet(alpha) distribution, alpha > 0.
 * Computed from logarithms, so that small alphas (0.001) still name one winner instead of dividing 0 by 0.
 */
export function dirichlet(stream: RandomStream, alpha: number, count: number): number[] {
  if (!Number.isInteger(count) || count < 1) {
    throw new RandomnessError('randomness.count', `A Dirichlet draw needs at least one share, not ${count}.`);
  }
  const logs = Array.from({ length: count }, () => stream.logGamma(alpha));
  const largest = Math.max(...logs);
  const weights = logs.map((log) => Math.exp(log - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
