import { randomStream } from '#randomness';
import type { Dataset, Example } from '../dataset.ts';
import { labelHistogram } from '../label-histogram.ts';
import { byLabel } from './by-label.ts';
import { drawSample } from './draw-sample.ts';

/** A label with a smaller share of the client's data may come short, rather than make its whole test set small. */
const MINOR_SHARE = 0.05;

/**
 * Test examples in the label mix of a client's training examples, drawn from the data set's test rows (which are nobody's
 * training rows) without repetition. As many as `limit`, or as the test rows of its major labels allow without bending the
 * mix. Two clients may be tested on the same row; each draws with a stream of its own.
 */
export function drawPersonalTest(
  dataset: Dataset,
  train: readonly Example[],
  { seed, name, limit }: { readonly seed: number; readonly name: string; readonly limit: number },
): Example[] {
  const labels = dataset.labels.length;
  const mix = labelHistogram(train, labels).map((count) => count / train.length);
  const available = byLabel(dataset.test, labels);
  const size = mix.reduce((least, share, label) => {
    const rows = available[label]?.length ?? 0;
    return share < MINOR_SHARE || rows === 0 ? least : Math.min(least, rows / share);
  }, limit);
  const wanted = apportion(mix, Math.floor(size));
  const drawn = available.flatMap((rows, label) => {
    const stream = randomStream(seed, 'partition.personal-test', name, dataset.labels[label] ?? '');
    return drawSample(stream, rows, wanted[label] ?? 0);
  });
  return randomStream(seed, 'partition.personal-test', name).shuffle(drawn);
}

/** Whole numbers that add up to `total` in the given shares, by largest remainder (ties to the lower index). */
export function apportion(shares: readonly number[], total: number): number[] {
  const exact = shares.map((share) => share * total);
  const counts = exact.map(Math.floor);
  const left = total - counts.reduce((sum, count) => sum + count, 0);
  const byRemainder = exact
    .map((value, index) => ({ index, remainder: value - Math.floor(value) }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  for (const { index } of byRemainder.slice(0, left)) counts[index] = (counts[index] ?? 0) + 1;
  return counts;
}
