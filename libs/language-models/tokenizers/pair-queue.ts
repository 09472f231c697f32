interface Entry {
  readonly pair: number;
  readonly count: number;
}

const PAIR_BASE = 2 ** 26;

/** Two ids below 2^26 in one number, ordered as the pair is. */
export function pairOf(left: number, right: number): number {
  return left * PAIR_BASE + right;
}

/**
 * Pairs by count, the largest first, ties to the smaller pair: a binary heap whose entries may be out of date. Counts only
 * fall behind an entry's back (whoever raises one puts the pair again), so a stale entry is found when it is taken.
 */
export class PairQueue {
  readonly #heap: Entry[] = [];

  constructor(counts: ReadonlyMap<number, number>) {
    for (const [pair, count] of counts) this.put(pair, count);
  }

  put(pair: number, count: number): void {
    if (count <= 0) return;
    const heap = this.#heap;
    const entry = { pair, count };
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !precedes(entry, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  /** The commonest pair by its true count, or undefined when none reaches `minimum`. */
  take(
    counts: ReadonlyMap<number, number>,
    minimum: number,
  ): { readonly left: number; readonly right: number } | undefined {
    for (let top = this.#pop(); top !== undefined; top = this.#pop()) {
      const count = counts.get(top.pair) ?? 0;
      if (count < Math.max(1, minimum)) continue;
      if (count === top.count) return { left: Math.floor(top.pair / PAIR_BASE), right: top.pair % PAIR_BASE };
      if (count < top.count) this.put(top.pair, count);
    }
    return undefined;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
      const goRight = left !== undefined && right !== undefined && precedes(right, left);
      const child = goRight ? right : left;
      if (child === undefined || !precedes(child, last)) break;
      heap[at] = child;
      at = 2 * at + (goRight ? 2 : 1);
    }
    heap[at] = last;
    return top;
  }
}

function precedes(a: Entry, b: Entry): boolean {
  return a.count > b.count || (a.count === b.count && a.pair < b.pair);
}
