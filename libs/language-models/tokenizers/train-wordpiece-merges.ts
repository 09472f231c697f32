import { mergePairs } from './merge-pairs.ts';

const CONTINUATION = '##';

export interface PieceOptions {
  /** How many pieces are wanted; fewer come out when no pair is frequent enough, more when the characters are more. */
  readonly count: number;
  readonly minimumFrequency: number;
  readonly alphabetLimit: number;
}

/**
 * The pieces of a WordPiece vocabulary in the order they are learnt: characters as they begin a word, characters as they
 * continue one (`##e`), then merges of the commonest adjacent pair, by byte-pair encoding's rule.
 */
export function learnPieces(words: ReadonlyMap<string, number>, options: PieceOptions): string[] {
  const pieces = new PieceTable();
  // Sorted, so that ids do not depend on the order of the texts.
  const corpus = [...words.keys()].sort();
  const spelt = spell(corpus, words, pieces, options.alphabetLimit);
  const frequencies = corpus.map((word) => words.get(word) ?? 0);
  mergePairs(spelt, frequencies, {
    minimumFrequency: options.minimumFrequency,
    merge: (left, right) => (pieces.size < options.count ? pieces.merge(left, right) : undefined),
  });
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
