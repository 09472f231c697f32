import type { RatePolicy } from './rate-policy.ts';
import { fixedRateGoodput } from './rayleigh.ts';

/** The sender does not know the fade: a block whose capacity is below the rate is lost (outage) and sent again. */
export function fixedRate(bitsPerSecondPerHz: number): RatePolicy {
  const neededSnr = 2 ** bitsPerSecondPerHz - 1;
  const allOrNothing = (snr: number): number => (snr >= neededSnr ? bitsPerSecondPerHz : 0);
  return {
    rate: () => bitsPerSecondPerHz,
    received: (snr) => snr >= neededSnr,
    goodput: (meanSnr, fading) =>
      fading === 'none' ? allOrNothing(meanSnr) : fixedRateGoodput(meanSnr, bitsPerSecondPerHz),
    medianRate: (meanSnr, fading) => allOrNothing(meanSnr * (fading === 'none' ? 1 : Math.LN2)),
  };
}
