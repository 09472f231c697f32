import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PretrainSpec } from '#contracts';
import { openCorpus, type Corpus } from '#datasets';
import { tokenizerFromJson, trainBytePair, trainWordPiece, type Tokenizer } from '#language-models';
import { writeDurably } from '../files/write-durably.ts';
import type { TrainingProgress } from './training-report.ts';
import { readTokenWindows, tokeniseDocuments, writeTokenWindows, type TokenWindows } from './token-windows.ts';

/** The text of a pre-training run, ready to draw batches from. */
export interface PreparedText {
  readonly tokenizer: Tokenizer;
  readonly train: TokenWindows;
  readonly heldOut: TokenWindows;
}

/** Trains the tokenizer and tokenises the corpus; what is already in the folder from an earlier run is read, not made again. */
export async function prepareText(
  spec: PretrainSpec,
  corpus: Corpus,
  folder: string,
  onProgress: (progress: TrainingProgress) => void,
): Promise<PreparedText> {
  await mkdir(folder, { recursive: true });
  const tokenizer = await prepareTokenizer(spec, corpus, join(folder, 'tokenizer.json'));
  onProgress({ phase: 'tokenizer', vocabulary: tokenizer.vocabularySize });
  let documents = 0;
  const ofDocuments = corpus.trainDocuments + corpus.heldOutDocuments;
  const tokenise = async (name: string, texts: AsyncIterable<string>): Promise<TokenWindows> => {
    const path = join(folder, name);
    const stored = await readTokenWindows(path);
    if (stored !== undefined) return stored;
    const windows = await tokeniseDocuments(texts, tokenizer, spec.training.maxTokens, () => {
      documents += 1;
      if (documents % 5000 === 0) onProgress({ phase: 'corpus', documents, ofDocuments });
    });
    await writeTokenWindows(path, windows);
    return windows;
  };
  const heldOut = await tokenise('held-out.tokens', corpus.heldOut());
  const train = await tokenise('train.tokens', corpus.train());
  onProgress({ phase: 'corpus', documents: ofDocuments, ofDocuments });
  return { tokenizer, train, heldOut };
}

/** The corpus that a spec names. */
export function openPretrainingCorpus({ text }: PretrainSpec): Promise<Corpus> {
  return openCorpus(text);
}

async function prepareTokenizer(spec: PretrainSpec, corpus: Corpus, path: string): Promise<Tokenizer> {
  const stored = await readFile(path, 'utf8').catch(() => undefined);
  if (stored !== undefined) return tokenizerFromJson(JSON.parse(stored));
  const train = spec.model.type === 'gpt2' ? trainBytePair : trainWordPiece;
  const json = await train(corpus.train(), spec.tokenizer.vocabulary);
  await writeDurably(path, Buffer.from(JSON.stringify(json)));
  return tokenizerFromJson(json);
}
