import { PairQueue, pairOf } from './train-wordpiece-queue.ts';

const CONTINUATION = '##';

export interface PieceOptions {
  /** How many pieces are wanted; fewer come out when no pair is frequent enough, more when the characters are more. */
  readonly count: number;
  readonly minimumFrequency: number;
  readonly alphabetLimit: number;
}

/**
 * The pieces of a WordPiece vocabulary in the order they are learnt: characters as they begin a word, characters as they
 * continue one (`##e`), then merges of the commonest adjacent pair, by byte-pair encoding's rule. Ties go to the pair of
 * smaller ids, as in Hugging Face's BpeTrainer. Pair counts are kept, not recounted: a merge touches only its own words.
 */
export function learnPieces(words: ReadonlyMap<string, number>, options: PieceOptions): string[] {
  const pieces = new PieceTable();
  // Sorted, so that ids do not depend on the order of the texts.
  const corpus = [...words.keys()].sort();
  const spelt = spell(corpus, words, pieces, options.alphabetLimit);
  const frequencies = corpus.map((word) => words.get(word) ?? 0);
  const pairs = new PairCounts();
  for (const [word, symbols] of spelt.entries()) pairs.add(word, symbols, frequencies[word] ?? 0);
  const queue = new PairQueue(pairs.counts);
  while (pieces.size < options.count) {
    const best = queue.take(pairs.counts, options.minimumFrequency);
    if (best === undefined) break;
    const merged = pieces.merge(best.left, best.right);
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
  return pieces.names();
}

class PieceTable {
  readonly #ids = new Map<string, number>();
  readonly #names: string[] = [];

  get size(): number {
    return this.#names.length;
  }

  names(): string[] {
    return [...this.#names];
  }

  id(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    this.#ids.set(name, this.#names.length);
    return this.#names.push(name) - 1;
  }

  merge(left: number, right: number): number {
    return this.id((this.#names[left] ?? '') + (this.#names[right] ?? '').slice(CONTINUATION.length));
  }
}

/** Words as ids of characters, those beyond the alphabet's limit left out. */
function spell(
  corpus: readonly string[],
  words: ReadonlyMap<string, number>,
  pieces: PieceTable,
  limit: number,
): number[][] {
  const characters = corpus.map((word) => Array.from(word));
  const alphabet = chooseAlphabet(corpus, words, characters, limit);
  const continued = new Set(characters.flatMap(([, ...rest]) => rest));
  for (const character of alphabet) pieces.id(character);
  for (const character of alphabet) if (continued.has(character)) pieces.id(CONTINUATION + character);
  const kept = new Set(alphabet);
  return characters.map((word) =>
    word.flatMap((character, index) =>
      kept.has(character) ? [pieces.id(index === 0 ? character : CONTINUATION + character)] : [],
    ),
  );
}

function chooseAlphabet(
  corpus: readonly string[],
  words: ReadonlyMap<string, number>,
  characters: readonly (readonly string[])[],
  limit: number,
): string[] {
  const counts = new Map<string, number>();
  for (const [index, word] of corpus.entries()) {
    for (const character of characters[index] ?? []) {
      counts.set(character, (counts.get(character) ?? 0) + (words.get(word) ?? 0));
    }
  }
  const byCodePoint = [...counts.keys()].sort((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0));
  const commonest = new Set(
    byCodePoint.toSorted((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0)).slice(0, limit),
  );
  return byCodePoint.filter((character) => commonest.has(character));
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
