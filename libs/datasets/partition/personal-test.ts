import { randomStream } from '#randomness';
import type { Example } from '../dataset.ts';
import { DatasetsError } from '../datasets-error.ts';
import { labelHistogram } from '../label-histogram.ts';
import { drawSample } from './draw-sample.ts';

/** A label with a smaller share of the client's data may come short, rather than make its whole test set small. */
const MINOR_SHARE = 0.05;

export interface PersonalTestOptions {
  readonly seed: number;
  /** The client's name: each draws with a stream of its own. */
  readonly name: string;
  readonly limit: number;
  readonly labels: readonly string[];
  /** The data set's test rows, by label. */
  readonly available: readonly (readonly Example[])[];
}

/**
 * Test examples in the label mix of a client's training examples, drawn from the data set's test rows (which are nobody's
 * training rows) without repetition. As many as `limit`, or as the test rows of its major labels allow without bending the
 * mix. Two clients may be tested on the same row. Throws when there is nothing to test the client on.
 */
export function drawPersonalTest(train: readonly Example[], options: PersonalTestOptions): Example[] {
  const { seed, name, limit, labels, available } = options;
  const mix = labelHistogram(train, labels.length).map((count) => count / train.length);
  const size = mix.reduce((least, share, label) => {
    const rows = available[label]?.length ?? 0;
    return share < MINOR_SHARE || rows === 0 ? least : Math.min(least, rows / share);
  }, limit);
  const wanted = apportion(mix, Math.floor(size));
  const drawn = available.flatMap((rows, label) => {
    const count = wanted[label] ?? 0;
    if (count === 0) return [];
    return drawSample(randomStream(seed, 'partition.personal-test', name, labels[label] ?? ''), rows, count);
  });
  if (drawn.length === 0) {
    const own = labels.filter((_, label) => (mix[label] ?? 0) > 0).join(', ');
    throw new DatasetsError(
      'data.no-test',
      `${name} trains on the labels ${own}, and the test set has no rows of them. Give test rows of every label.`,
    );
  }
  return randomStream(seed, 'partition.personal-test', name).shuffle(drawn);
}

/** Whole numbers that add up to `total` in the given shares, by largest remainder (ties to the lower index). */
function apportion(shares: readonly number[], total: number): number[] {
  const exact = shares.map((share) => share * total);
  const counts = exact.map(Math.floor);
  const left = total - counts.reduce((sum, count) => sum + count, 0);
  const byRemainder = exact
    .map((value, index) => ({ index, remainder: value - Math.floor(value) }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  for (const { index } of byRemainder.slice(0, left)) counts[index] = (counts[index] ?? 0) + 1;
  return counts;
}
