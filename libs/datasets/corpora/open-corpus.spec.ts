import { describe, expect, it } from '@jest/globals';
import { fixture, listOf, temporaryFile } from '../fixtures/temporary-file.ts';
import { openDataset } from '../open-dataset.ts';
import { openCorpus } from './open-corpus.ts';

describe('openCorpus, text', () => {
  it('takes each line, or each paragraph, as a document', async () => {
    const lines = await openCorpus({ source: 'text', files: fixture('corpus.txt') });
    expect(lines.trainDocuments + lines.heldOutDocuments).toBe(5);
    const paragraphs = await openCorpus({ source: 'text', files: [fixture('corpus.txt')], unit: 'paragraph' });
    const documents = [...(await listOf(paragraphs.train())), ...(await listOf(paragraphs.heldOut()))];
    expect(documents.toSorted()).toEqual([
      'Clients in the valley hear it well, those behind the ridge do not.',
      'Rain makes it worse.',
      'The mast stands on the hill. Its lamp is red at night.',
    ]);
  });

  it('holds out the fraction asked for, equal texts together, the same every time', async () => {
    const text = Array.from({ length: 4000 }, (_, index) => `document ${index % 2000}`).join('\n');
    const corpus = await openCorpus({
      source: 'text',
      files: await temporaryFile('a.txt', text),
      heldOutFraction: 0.1,
    });
    const [train, held] = [await listOf(corpus.train()), await listOf(corpus.heldOut())];
    expect([train.length, held.length]).toEqual([corpus.trainDocuments, corpus.heldOutDocuments]);
    // 200 of 2000 expected, sd 13.4.
    expect(Math.abs(held.length / 2 - 200)).toBeLessThan(54);
    const heldSet = new Set(held);
    expect(train.filter((document) => heldSet.has(document))).toEqual([]);
    expect(await listOf(corpus.heldOut())).toEqual(held);
  });

  it('holds out one document and trains on one, however few there are', async () => {
    for (const heldOutFraction of [0.001, 0.999]) {
      const files = await temporaryFile('a.txt', 'one\ntwo\n');
      const corpus = await openCorpus({ source: 'text', files, heldOutFraction });
      expect([corpus.trainDocuments, corpus.heldOutDocuments]).toEqual([1, 1]);
      expect(await listOf(corpus.train())).toHaveLength(1);
    }
  });

  it('changes its digest with the text and stops at the limit', async () => {
    const files = await temporaryFile('a.txt', 'one\ntwo\nthree\n');
    const all = await openCorpus({ source: 'text', files });
    const two = await openCorpus({ source: 'text', files, limit: 2 });
    expect(two.trainDocuments + two.heldOutDocuments).toBe(2);
    expect(two.digest).not.toBe(all.digest);
    expect(two.characters).toBe(6);
  });

  it('refuses files without text, and too little of it', async () => {
    const empty = await temporaryFile('empty.txt', '\n \n');
    await expect(openCorpus({ source: 'text', files: [fixture('corpus.txt'), empty] })).rejects.toThrow(
      /empty\.txt has no text/,
    );
    await expect(openCorpus({ source: 'text', files: await temporaryFile('a.txt', 'one\none\n') })).rejects.toThrow(
      /at least two different/,
    );
    await expect(openCorpus({ source: 'text', files: '/nowhere.txt' })).rejects.toMatchObject({
      code: 'data.file-missing',
    });
    const long = await temporaryFile('long.txt', `short\n${'x'.repeat(1_000_001)}`);
    await expect(openCorpus({ source: 'text', files: long })).rejects.toThrow(/long\.txt, line 2: longer than/);
  });
});

describe('openCorpus, wordnet', () => {
  it('gives word, definition and examples of every part of speech, but nothing that wordnet-topics tests on', async () => {
    const corpus = await openCorpus({ source: 'wordnet' });
    const documents = [...(await listOf(corpus.train())), ...(await listOf(corpus.heldOut()))];
    expect(documents).toHaveLength(corpus.trainDocuments + corpus.heldOutDocuments);
    expect(documents.length).toBeGreaterThan(100_000);
    expect(documents.find((document) => document.startsWith('whole, unit: '))).toBe(
      'whole, unit: an assemblage of parts that is regarded as a single entity; how big is that part compared to the whole?; the team is a unit',
    );
    const { train, test } = await openDataset({ source: 'wordnet-topics' });
    // A document is the example's text and then, perhaps, examples of use.
    const beginnings = new Set(documents.flatMap(beginningsOf));
    expect(test.filter(({ text }) => beginnings.has(text))).toEqual([]);
    expect(train.filter(({ text }) => !beginnings.has(text))).toEqual([]);
  });
});

/** The document with none, one, … all of what follows a semicolon. */
function beginningsOf(document: string): string[] {
  const parts = document.split('; ');
  return parts.map((_, last) => parts.slice(0, last + 1).join('; '));
}
