import type { ChannelFamily } from '#parameters';
import { randomStream } from '#randomness';
import { ROTATION_PERIOD, type FamilyHistory } from './channel-history.ts';

/**
 * One order of a family's channels for a round; whoever keeps k of them keeps the first k, so that a smaller keep is a
 * subset of a larger one. The order is that of the mean change a time sent, the largest first, but every tenth place
 * goes to the next channel of a seeded order that rotates from round to round: within channels ÷ tenth of the keep rounds
 * each has been sent, however little it changed. Before anything was sent it is the seeded order.
 *
 * `keep` is the largest number of channels that anyone keeps; below ten, its last place is the one that rotates.
 */
export function orderChannels(
  seed: number,
  { name, channels }: ChannelFamily,
  { change, sent, rotated }: FamilyHistory,
  keep: number,
): number[] {
  const seeded = randomStream(seed, 'sparsity.order', name).shuffle(Array.from({ length: channels }, (_, at) => at));
  if (!sent.some((times) => times > 0)) return seeded;
  const meanChange = (channel: number): number => (change[channel] ?? 0) / Math.max(1, sent[channel] ?? 0);
  // Sorting is stable: what changed alike, or was never sent, stays in the seeded order.
  const ranked = [...seeded].sort((left, right) => meanChange(right) - meanChange(left));
  const turns = [...seeded.slice(rotated), ...seeded.slice(0, rotated)];
  const period = Math.max(1, Math.min(ROTATION_PERIOD, keep));
  const placed = new Set<number>();
  const [nextRanked, nextTurn] = [unplaced(ranked, placed), unplaced(turns, placed)];
  while (placed.size < channels) placed.add((placed.size + 1) % period === 0 ? nextTurn() : nextRanked());
  return [...placed];
}

/** Walks a list, passing over what has a place already. */
function unplaced(list: readonly number[], placed: ReadonlySet<number>): () => number {
  let at = 0;
  return () => {
    while (placed.has(list[at] ?? -1)) at += 1;
    return list[at] ?? -1;
  };
}
