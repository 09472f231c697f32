import { randomStream } from '#randomness';
import type { Example } from '../dataset.ts';
import { drawSample } from './draw-sample.ts';

/** At most `limit` of a client's own test rows, without repetition: its label mix is theirs, nothing is bent. */
export function drawOwnTest(
  rows: readonly Example[],
  { seed, client, limit }: { readonly seed: number; readonly client: string; readonly limit: number },
): Example[] {
  return drawSample(randomStream(seed, 'own-test', client), rows, limit);
}
