/** How an adaptive KL coefficient follows its target; without one it stays. */
export interface KlTarget {
  /** KL a completion, in nats, that the coefficient steers to. */
  readonly target: number;
  /** Completions over which a coefficient that is off by the largest step is changed by that step. */
  readonly horizon: number;
}

const LARGEST_STEP = 0.2;

/**
 * The coefficient after `completions` more were drawn at a mean KL of `kl` nats each: larger when the policy strays
 * beyond the target, smaller when it does not (Ziegler et al., arXiv 1909.08593, section 2.2).
 */
export function nextKlCoefficient(
  coefficient: number,
  kl: number,
  completions: number,
  { target, horizon }: KlTarget,
): number {
  const error = Math.min(LARGEST_STEP, Math.max(-LARGEST_STEP, kl / target - 1));
  return coefficient * (1 + (error * completions) / horizon);
}
