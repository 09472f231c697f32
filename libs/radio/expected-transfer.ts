import { checkLink, type Direction, type LinkSettings, meanSnr } from './link-settings.ts';
import { ergodicRate } from './measure-link.ts';
import { chooseRatePolicy } from './choose-rate-policy.ts';

/**
 * How long `bits` take, in ms, the deadline and `maxAttempts` left aside; Infinity where they never arrive.
 * Block fading: bits / (B · ergodic rate), right for transfers of many coherence times. Quasi-static: the median, as the
 * mean is infinite whatever the link.
 */
export function expectedTransferMs(link: LinkSettings, client: string, direction: Direction, bits: number): number {
  checkLink(link);
  if (bits === 0) return 0;
  const rate =
    link.mode === 'block'
      ? ergodicRate(link, client, direction)
      : chooseRatePolicy(link.rate).medianRate(meanSnr(link, client, direction), link.fading);
  return (bits / (link.bandwidthHz * rate)) * 1000;
}

/** The bandwidth in Hz at which the expected transfer takes just the deadline; Infinity where none would do. */
export function bandwidthToMeet(link: LinkSettings, client: string, direction: Direction, bits: number): number {
  return (link.bandwidthHz * expectedTransferMs(link, client, direction, bits)) / link.deadlineMs;
}
