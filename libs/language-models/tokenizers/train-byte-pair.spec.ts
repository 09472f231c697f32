import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';

import { tokenizerFromJson } from './load-tokenizer.ts';
import { trainBytePair } from './train-byte-pair.ts';

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/tokenizers/${name}`, import.meta.url), 'utf8'));
const { texts, probes } = read('word-piece-training.json') as { texts: string[]; probes: string[] };

interface Trained {
  readonly vocabularySize: number;
  readonly minimumFrequency: number;
  readonly learnt: string[];
  readonly merges: string[];
  readonly probes: number[][];
}
/** What Hugging Face's BpeTrainer learnt from the same texts. */
const { trained } = read('byte-pair-training.json') as { trained: Trained[] };

describe('trainBytePair', () => {
  it.each(trained)('learns and cuts as Hugging Face does, $vocabularySize tokens at most', async (expected) => {
    const json = await trainBytePair(texts, expected.vocabularySize, expected);
    const vocabulary = Object.entries(json.model.vocab as Record<string, number>).sort(([, a], [, b]) => a - b);
    expect(vocabulary.slice(257).map(([token]) => token)).toEqual(expected.learnt);
    expect((json.model['merges'] as string[][]).map((pair) => pair.join(' '))).toEqual(expected.merges);
    const tokenizer = tokenizerFromJson(json);
    expect(probes.map((probe) => tokenizer.encodeRaw(probe))).toEqual(expected.probes);
    expect(probes.map((probe) => tokenizer.decode(tokenizer.encodeRaw(probe)))).toEqual(probes);
  });

  it('gives the same object whatever the order of the texts, with the end of text as token 0', async () => {
    const json = await trainBytePair(texts, 340);
    expect(await trainBytePair(texts.toReversed(), 340)).toEqual(json);
    expect(tokenizerFromJson(json)).toMatchObject({ clsTokenId: 0, sepTokenId: 0, padTokenId: 0, vocabularySize: 340 });
  });

  it('says when bytes do not fit, or there is no text', async () => {
    await expect(trainBytePair(texts, 256)).rejects.toMatchObject({ code: 'tokenizer.vocabulary-size' });
    await expect(trainBytePair([], 400)).rejects.toMatchObject({ code: 'tokenizer.no-text' });
  });
});
