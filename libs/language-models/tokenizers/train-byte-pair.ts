import { ModelError } from '../model-error.ts';
import { bytePairFromFiles } from './byte-pair-files.ts';
import { mergePairs } from './merge-pairs.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** Id 0: begins and ends a text. */
const END_OF_TEXT = '<|endoftext|>';

/** GPT-2's words: contractions, then letters, digits or other marks with the blank before them, then runs of blanks. */
const WORD = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

export interface BytePairOptions {
  /** A pair that occurs less often is not merged. Default 2: what occurs once teaches nothing. */
  readonly minimumFrequency?: number | undefined;
}

/**
 * Learns a byte-level vocabulary as Hugging Face's BpeTrainer does with the ByteLevel alphabet, and returns the tokenizer.json that
 * holds it: `<|endoftext|>`, the 256 bytes, then merges, so that any text can be written. The same texts in any order give the
 * same object. Throws ModelError `tokenizer.vocabulary-size` when the bytes do not fit, `tokenizer.no-text` without any words.
 */
export async function trainBytePair(
  texts: Iterable<string> | AsyncIterable<string>,
  vocabularySize: number,
  { minimumFrequency = 2 }: BytePairOptions = {},
): Promise<TokenizerJson> {
  const alphabet = BYTE_LETTERS.toSorted();
  const tokens = [END_OF_TEXT, ...alphabet];
  if (tokens.length > vocabularySize)
    throw new ModelError(
      'tokenizer.vocabulary-size',
      `A vocabulary of ${vocabularySize} is too small: the end of text and the bytes alone are ${tokens.length}`,
    );
  const words = await countByteWords(texts);
  if (words.size === 0) throw new ModelError('tokenizer.no-text', 'There are no words to learn a vocabulary from');
  const ids = new Map(tokens.map((token, id) => [token, id]));
  // Sorted, so that nothing depends on the order of the texts.
  const corpus = [...words.keys()].sort();
  const spelt = corpus.map((word) => Array.from(word, (letter) => ids.get(letter) ?? 0));
  const frequencies = corpus.map((word) => words.get(word) ?? 0);
  const merges: string[] = [];
  mergePairs(spelt, frequencies, {
    minimumFrequency,
    merge: (left, right) => {
      if (ids.size >= vocabularySize) return undefined;
      const [before = '', after = ''] = [tokens[left], tokens[right]];
      merges.push(`${before} ${after}`);
      const known = ids.get(before + after);
      if (known !== undefined) return known;
      ids.set(before + after, tokens.length);
      return tokens.push(before + after) - 1;
    },
  });
  const where = { vocabulary: 'The trained vocabulary', merges: 'The trained merges' };
  return bytePairFromFiles(Object.fromEntries(ids), merges.join('\n'), {}, where);
}

/** How often each word occurs, its UTF-8 bytes written as letters. */
async function countByteWords(texts: Iterable<string> | AsyncIterable<string>): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for await (const text of texts)
    for (const word of text.match(WORD) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
  const written = new Map<string, number>();
  for (const [word, count] of counts) {
    const letters = Array.from(Buffer.from(word), (byte) => BYTE_LETTERS[byte] ?? '').join('');
    written.set(letters, (written.get(letters) ?? 0) + count);
  }
  return written;
}

/** GPT-2's letter of each byte: itself where it is printable, the next letter from U+0100 on where it is not. */
const BYTE_LETTERS: readonly string[] = byteLetters();

function byteLetters(): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
}
