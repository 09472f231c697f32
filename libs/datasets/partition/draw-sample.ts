import type { RandomStream } from '#randomness';

/** `count` of the items, without repetition, in random order: the head of a Fisher-Yates shuffle that stops there. */
export function drawSample<T>(stream: RandomStream, items: readonly T[], count: number): T[] {
  const moved = new Map<number, T>();
  const at = (index: number): T => (moved.has(index) ? moved.get(index) : items[index]) as T;
  const drawn: T[] = [];
  for (let index = 0; index < Math.min(count, items.length); index += 1) {
    const chosen = index + stream.integer(items.length - index);
    drawn.push(at(chosen));
    moved.set(chosen, at(index));
  }
  return drawn;
}
