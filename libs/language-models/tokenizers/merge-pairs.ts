import { PairQueue, pairOf } from './pair-queue.ts';

export interface MergeOptions {
  /** A pair that occurs less often is not merged. */
  readonly minimumFrequency: number;
  /** The id of what a pair becomes, or undefined when there is enough. */
  readonly merge: (left: number, right: number) => number | undefined;
}

/**
 * Byte-pair encoding's rule: merges the commonest adjacent pair of all words, again and again. `spelt` holds each word as ids
 * and is changed in place; ties go to the pair of smaller ids, as in Hugging Face's BpeTrainer. Pair counts are kept, not
 * recounted: a merge touches only its own words.
 */
export function mergePairs(spelt: number[][], frequencies: readonly number[], options: MergeOptions): void {
  const pairs = new PairCounts();
  for (const [word, symbols] of spelt.entries()) pairs.add(word, symbols, frequencies[word] ?? 0);
  const queue = new PairQueue(pairs.counts);
  for (;;) {
    const best = queue.take(pairs.counts, options.minimumFrequency);
    const merged = best === undefined ? undefined : options.merge(best.left, best.right);
    if (best === undefined || merged === undefined) return;
    const grown = new Set<number>();
    for (const word of pairs.wordsWith(best.left, best.right)) {
      const before = spelt[word] ?? [];
      const after = mergePair(before, best.left, best.right, merged);
      if (after.length === before.length) continue;
      pairs.replace(word, before, after, frequencies[word] ?? 0, grown);
      spelt[word] = after;
    }
    pairs.drop(best.left, best.right);
    for (const pair of grown) queue.put(pair, pairs.counts.get(pair) ?? 0);
  }
}

/** How often each adjacent pair occurs, weighted by its words' frequencies, and in which words it may be found. */
class PairCounts {
  readonly counts = new Map<number, number>();
  readonly #words = new Map<number, Set<number>>();

  add(word: number, symbols: readonly number[], frequency: number): void {
    this.#count(symbols, frequency, (pair) => {
      const words = this.#words.get(pair);
      if (words === undefined) this.#words.set(pair, new Set([word]));
      else words.add(word);
    });
  }

  /** Collects in `grown` the pairs of the new spelling, whose counts may have risen. */
  replace(
    word: number,
    before: readonly number[],
    after: readonly number[],
    frequency: number,
    grown: Set<number>,
  ): void {
    this.#count(before, -frequency);
    this.add(word, after, frequency);
    for (let at = 1; at < after.length; at += 1) grown.add(pairOf(after[at - 1] ?? 0, after[at] ?? 0));
  }

  wordsWith(left: number, right: number): Iterable<number> {
    return [...(this.#words.get(pairOf(left, right)) ?? [])];
  }

  drop(left: number, right: number): void {
    this.counts.delete(pairOf(left, right));
    this.#words.delete(pairOf(left, right));
  }

  #count(symbols: readonly number[], by: number, visit?: (pair: number) => void): void {
    for (let at = 1; at < symbols.length; at += 1) {
      const pair = pairOf(symbols[at - 1] ?? 0, symbols[at] ?? 0);
      this.counts.set(pair, (this.counts.get(pair) ?? 0) + by);
      visit?.(pair);
    }
  }
}

function mergePair(symbols: readonly number[], left: number, right: number, merged: number): number[] {
  const result: number[] = [];
  for (let at = 0; at < symbols.length; at += 1) {
    const here = symbols[at] ?? 0;
    if (here === left && symbols[at + 1] === right) {
      result.push(merged);
      at += 1;
    } else {
      result.push(here);
    }
  }
  return result;
}
