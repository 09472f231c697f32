import { fromDecibels } from './decibels.ts';
import type { RatePolicy } from './rate-policy.ts';
import { awgnCapacity, ergodicCapacity } from './rayleigh.ts';

const { log2 } = Math;

/** The sender knows each block's fade and sends at log2(1 + snr/gap): no block is ever lost. */
export function shannonRate(snrGapDb: number): RatePolicy {
  const gap = fromDecibels(snrGapDb);
  return {
    rate: (snr) => log2(1 + snr / gap),
    received: () => true,
    goodput: (meanSnr, fading) => (fading === 'none' ? awgnCapacity : ergodicCapacity)(meanSnr / gap),
    medianRate: (meanSnr, fading) => awgnCapacity((meanSnr / gap) * (fading === 'none' ? 1 : Math.LN2)),
  };
}
