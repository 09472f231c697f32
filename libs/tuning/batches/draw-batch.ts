import { randomStream } from '#randomness';

/** Whose batch it is: the same key gives the same examples on every run, whatever else is drawn. */
export interface BatchKey {
  readonly seed: number;
  readonly client: string;
  readonly round: number;
  readonly step: number;
}

/**
 * The examples of one training step: `size` different indices below `count`, or all of them where there are fewer,
 * in drawn order. Work is linear in `size`, not in `count`.
 */
export function drawBatch({ seed, client, round, step }: BatchKey, count: number, size: number): number[] {
  const stream = randomStream(seed, 'batch', client, round, step);
  // The first `size` steps of a Fisher-Yates shuffle of 0 … count - 1, of which only the moved entries are held.
  const moved = new Map<number, number>();
  return Array.from({ length: Math.min(size, count) }, (_, place) => {
    const chosen = place + stream.integer(count - place);
    const drawn = moved.get(chosen) ?? chosen;
    moved.set(chosen, moved.get(place) ?? place);
    return drawn;
  });
}
