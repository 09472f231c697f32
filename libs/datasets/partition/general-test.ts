import { randomStream } from '#randomness';
import type { Dataset, Example } from '../dataset.ts';
import { byLabel } from './by-label.ts';
import { drawSample } from './draw-sample.ts';

const DEFAULT_LIMIT = 400;

/**
 * The balanced test set that all clients share: as many rows of each label as of every other, at most `limit` (default
 * 400) together. A label with fewer test rows than its share gives all it has, rather than hold back the others.
 */
export function generalTest(
  dataset: Pick<Dataset, 'labels' | 'test'>,
  { seed, limit = DEFAULT_LIMIT }: { readonly seed: number; readonly limit?: number | undefined },
): Example[] {
  const groups = byLabel(dataset.test, dataset.labels.length).filter((rows) => rows.length > 0);
  const each = Math.max(1, Math.floor(limit / groups.length));
  const drawn = groups.flatMap((rows) => {
    const label = dataset.labels[rows[0]?.label ?? 0] ?? '';
    return drawSample(randomStream(seed, 'partition.general-test', label), rows, each);
  });
  return randomStream(seed, 'partition.general-test').shuffle(drawn);
}
