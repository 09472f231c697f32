import type { RoundPurpose } from './round.ts';

/**
 * The round after `finished` (0 at the start): training up to the number of the spec, then one download for evaluation
 * alone; undefined when that is over too.
 */
export function nextRound(finished: number, rounds: number): { number: number; purpose: RoundPurpose } | undefined {
  if (finished > rounds) return undefined;
  return { number: finished + 1, purpose: finished < rounds ? 'training' : 'evaluation' };
}
