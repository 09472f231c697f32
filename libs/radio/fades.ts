import { randomStream } from '#randomness';
import type { Direction, LinkSettings } from './link-settings.ts';

/** What a fade depends on beside the block's number: never the method, the payload, the rate policy or the order. */
export interface Crossing {
  readonly seed: number;
  readonly client: string;
  readonly round: number;
  readonly direction: Direction;
}

// Taken out once: inside a `vm` context, such as Jest's, each look at the global `Math` is slow.
const { log, max } = Math;
/** Half a step of the generator: a fade of exactly 0 would take for ever and has no decibels. */
const SMALLEST_GAIN = 2 ** -54;

/**
 * The power gains |h|² of a crossing's coherence blocks, by random access: block 0, 1, 2 … (mean 1, no unit).
 * Two links that differ only in rate, bandwidth, deadline or SNR see the same gains: common random numbers.
 */
export function drawFades(link: Pick<LinkSettings, 'fading' | 'mode'>, crossing: Crossing): (block: number) => number {
  if (link.fading === 'none') return () => 1;
  const { seed, client, round, direction } = crossing;
  const stream = randomStream(seed, 'fade', client, round, direction);
  const gain = (block: number): number => max(SMALLEST_GAIN, -log(1 - stream.uniformAt(block)));
  if (link.mode === 'block') return gain;
  const only = gain(0);
  return () => only;
}
