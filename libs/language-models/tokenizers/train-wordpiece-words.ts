import { bertTextNormalizer } from './bert-text-normalizer.ts';

/** Longer words are [UNK] to the model (`max_input_chars_per_word`), so there is nothing to learn from them. */
const LONGEST_WORD = 100;

/** BERT's words: runs of neither blanks nor punctuation, and each punctuation mark by itself (BertPreTokenizer). */
const WORD = /[^\s\p{P}!-/:-@[-`{-~]+|[\p{P}!-/:-@[-`{-~]/gu;

/** How often each word occurs, by default in lower case and without accents. */
export async function countWords(
  texts: Iterable<string> | AsyncIterable<string>,
  lowerCase = true,
): Promise<ReadonlyMap<string, number>> {
  const normalize = bertTextNormalizer({ lowercase: lowerCase });
  const counts = new Map<string, number>();
  for await (const text of texts) {
    for (const word of normalize(text).match(WORD) ?? []) {
      if (word.length <= LONGEST_WORD) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return counts;
}
