import { join } from 'node:path';
import type { Tokenizer } from '#language-models';
import { writeDurably } from '../files/write-durably.ts';

/** Writes vocab.txt, one piece a line in the order of ids, for readers that know no tokenizer.json. */
export async function writeVocabulary(folder: string, tokenizer: Tokenizer): Promise<void> {
  const vocabulary = Object.entries(tokenizer.files.tokenizer.model.vocab as Record<string, number>);
  const pieces = vocabulary.sort(([, left], [, right]) => left - right).map(([piece]) => piece);
  await writeDurably(join(folder, 'vocab.txt'), Buffer.from(`${pieces.join('\n')}\n`));
}
