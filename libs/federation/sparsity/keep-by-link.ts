/** Keeps differ in steps of a twentieth, so that a link's small changes change nothing. */
const STEPS = 20;

/** What decides how much a client can send in time. */
export interface LinkBudget {
  /** Ergodic rate of the uplink in bits/s. */
  readonly bitsPerSecond: number;
  /** Simulated, in ms. */
  readonly deadlineMs: number;
  /** Bytes of an upload that keeps this part of the channels. */
  readonly uploadBytes: (keep: number) => number;
}

/**
 * The largest part of the channels, at most `most`, whose upload is expected to arrive within the deadline; one step when
 * none is, since a link may turn out better than its mean.
 */
export function keepByLink(most: number, { bitsPerSecond, deadlineMs, uploadBytes }: LinkBudget): number {
  const fits = (keep: number): boolean => (8 * uploadBytes(keep)) / bitsPerSecond <= deadlineMs / 1000;
  if (fits(most)) return most;
  for (let step = Math.ceil(most * STEPS) - 1; step > 1; step--) if (fits(step / STEPS)) return step / STEPS;
  return Math.min(most, 1 / STEPS);
}
