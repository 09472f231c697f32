import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { DataSpec } from './data-spec.ts';
import { fixture, temporaryFile } from './fixtures/temporary-file.ts';
import { labelHistogram } from './label-histogram.ts';
import { openDataset } from './open-dataset.ts';

const REAL = resolve(process.env['AIRTUNE_DATA'] ?? resolve(import.meta.dirname, '../../../shared/data'), 'ag_news');
const whenReal = existsSync(REAL) ? it : it.skip;

async function csv(content: string, rest: Partial<DataSpec> = {}): Promise<DataSpec> {
  return { source: 'csv', train: await temporaryFile('train.csv', content), ...rest };
}

async function jsonl(content: string, rest: Partial<DataSpec> = {}): Promise<DataSpec> {
  return { source: 'jsonl', train: await temporaryFile('train.jsonl', content), ...rest };
}

describe('openDataset, ag-news', () => {
  it('joins title and description and names the classes', async () => {
    const { labels, train, test } = await openDataset({
      source: 'ag-news',
      train: fixture('ag-news.csv'),
      testFraction: 0.3,
    });
    expect(labels).toEqual(['World', 'Sports', 'Business', 'Sci/Tech']);
    expect(labelHistogram([...train, ...test], 4)).toEqual([3, 3, 3, 3]);
    const all = new Map([...train, ...test].map(({ text, label }) => [text, label]));
    expect(all.get('The sprinter lowered her own record by a tenth.')).toBe(1);
    expect(all.get('Floods recede Villages along the river return home, "slowly but together", a mayor said.')).toBe(0);
  });

  whenReal('reads the published files whole', async () => {
    const { train, test } = await openDataset({
      source: 'ag-news',
      train: `${REAL}/train.csv`,
      test: `${REAL}/test.csv`,
    });
    expect([train.length, test.length]).toEqual([9752, 6000]);
    expect(labelHistogram(train, 4)).toEqual([2404, 2515, 2442, 2391]);
    expect(labelHistogram(test, 4).reduce((sum, count) => sum + count)).toBe(6000);
  });

  it.each([
    ['"1","a","b"\n"5","a","b"\n', /ag\.csv, line 2: "5" is not a class/],
    ['Class Index,Title,Description\n', /line 1: .*delete line 1/],
    ['"1","a"\n', /line 1: 2 columns where AG News has 3/],
    ['"1","a","b"\n"2",""," "\n', /line 2: the text is empty/],
    ['', /ag\.csv has no rows/],
  ])('refuses %j', async (content, message) => {
    await expect(openDataset({ source: 'ag-news', train: await temporaryFile('ag.csv', content) })).rejects.toThrow(
      message,
    );
  });
});

describe('openDataset, csv and jsonl', () => {
  const reviews: DataSpec = { source: 'csv', train: fixture('reviews.csv'), text: ['title', 'body'], label: 'stars' };

  it('reads the named columns; labels that are numbers stand in numeric order', async () => {
    const { labels, train, test } = await openDataset({ ...reviews, testFraction: 0.34 });
    expect(labels).toEqual(['1', '3', '5']);
    expect(labelHistogram(test, 3)).toEqual([1, 1, 1]);
    expect([...train, ...test].map(({ text }) => text)).toContain('Weak Broke on day one.\nSecond one too.');
  });

  it('reads the same rows as JSON lines into the same data set', async () => {
    const header = 'title,body,stars\n';
    const rows = [1, 1, 3, 3, 5, 5].map((stars, index) => ({ title: `t${index}`, body: 'b', stars }));
    const fields = { text: ['title', 'body'], label: 'stars' };
    const asCsv = await openDataset(
      await csv(header + rows.map((row) => Object.values(row).join(',')).join('\n'), fields),
    );
    const asJson = await openDataset(await jsonl(rows.map((row) => JSON.stringify(row)).join('\n\n'), fields));
    expect(asJson).toEqual(asCsv);
  });

  it('has one digest whatever the order of the rows, another for other words or labels', async () => {
    const rows = Array.from({ length: 40 }, (_, index) => `text ${index},${index % 2 === 0 ? 'yes' : 'no'}`);
    const digestOf = async (lines: string[]) =>
      (await openDataset(await csv(['text,label', ...lines].join('\n')))).digest;
    const digest = await digestOf(rows);
    expect(await digestOf(rows.toReversed())).toBe(digest);
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await digestOf(rows.with(3, 'text 3,yes'))).not.toBe(digest);
    expect(await digestOf(rows.with(3, 'Text 3,no'))).not.toBe(digest);
  });

  it('holds out the same rows every time, equal texts together', async () => {
    const rows = Array.from({ length: 200 }, (_, index) => `text ${index % 50},${index % 2 === 0 ? 'yes' : 'no'}`);
    const { train, test, notes } = await openDataset(
      await csv(['text,label', ...rows].join('\n'), { testFraction: 0.2 }),
    );
    expect([train.length, test.length]).toEqual([160, 40]);
    const texts = new Set(train.map(({ text }) => text));
    expect(test.filter(({ text }) => texts.has(text))).toEqual([]);
    expect(notes).toEqual([]);
  });

  it('leaves out test rows that are trained on, and says so', async () => {
    const test = await temporaryFile('test.csv', 'text,label\na,x\nnew,y\n');
    const { test: kept, notes } = await openDataset(await csv('text,label\na,x\nb,y\n', { test }));
    expect(kept).toEqual([{ text: 'new', label: 1 }]);
    expect(notes).toEqual(['1 test row was left out: the same text is trained on.']);
  });

  it('limits training rows to the same ones whatever their order, and keeps every class', async () => {
    const rows = Array.from({ length: 300 }, (_, index) => `text ${index},${index === 7 ? 'rare' : 'common'}`);
    const open = async (lines: string[]) =>
      openDataset(await csv(['text,label', ...lines, 'r,rare', 's,rare'].join('\n'), { limit: 20 }));
    const dataset = await open(rows);
    expect(dataset.train).toHaveLength(20);
    expect(labelHistogram(dataset.train, 2)[1]).toBeGreaterThan(0);
    expect((await open(rows.toReversed())).digest).toBe(dataset.digest);
  });

  it('reads every row of a larger file', async () => {
    const rows = Array.from(
      { length: 10_000 },
      (_, index) => `"${'word '.repeat(45)}${index}",${'abcd'.charAt(index % 4)}`,
    );
    const dataset = await openDataset(await csv(['text,label', ...rows].join('\n')));
    expect(dataset.train.length + dataset.test.length).toBe(10_000);
  });

  it.each([
    ['text,label\na,x\nb\n', /train\.csv, line 3: 1 columns where the header has 2/],
    ['text,label\na,x\nb, \n', /line 3: column "label" is empty/],
    ['text,label\n" ",x\n', /line 2: the text is empty/],
    ['words,label\na,x\n', /line 1: no column is named "text"; the header has "words", "label"/],
    ['text;label\na;x\n', /"text;label"\. Is the file separated by commas/],
    ['text,text,label\n', /two columns are named "text"/],
    ['text,label\n', /train\.csv has no rows/],
    ['text,label\na,x\nb,x\n', /every row is labelled "x"/],
    ['text,label\na,x\nb,y\n', /train\.csv has no rows to test on/],
  ])('refuses the CSV %j', async (content, message) => {
    await expect(openDataset(await csv(content))).rejects.toThrow(message);
  });

  it.each([
    ['{"text":"a","label":1}\n{"text":\n', /train\.jsonl, line 2: not JSON/],
    ['["a",1]\n', /line 1: not a JSON object/],
    ['{"text":"a","lable":1}\n', /line 1: no field is named "label"; the object has "text", "lable"/],
    ['{"text":{"a":1},"label":1}\n', /line 1: "text" is an object where text or a number is expected/],
  ])('refuses the JSON lines %j', async (content, message) => {
    await expect(openDataset(await jsonl(content))).rejects.toThrow(message);
  });

  it('refuses a test label that nobody trains on, by line', async () => {
    const test = await temporaryFile('test.csv', 'text,label\nc,x\nd,z\n');
    await expect(openDataset(await csv('text,label\na,x\nb,y\n', { test }))).rejects.toThrow(
      /test\.csv, line 3: label "z" does not occur in the training rows of .*which have x, y/,
    );
  });

  it('refuses fields that the source does not use, and a missing file name', async () => {
    await expect(openDataset({ ...reviews, topics: ['food'] })).rejects.toThrow(
      /data\.topics means nothing to source "csv"/,
    );
    await expect(openDataset({ source: 'jsonl' })).rejects.toThrow(/name it in data\.train/);
    await expect(openDataset({ ...reviews, testFraction: 1 })).rejects.toMatchObject({ code: 'data.test-fraction' });
    await expect(openDataset({ ...reviews, limit: 2 })).rejects.toThrow(/fewer than the 3 classes/);
  });
});

describe('openDataset, wordnet-topics', () => {
  it('tells nouns by their topic, and never tests on a definition that is trained on', async () => {
    const { labels, train, test } = await openDataset({
      source: 'wordnet-topics',
      topics: ['food', 'animal', 'plant'],
    });
    expect(labels).toEqual(['animal', 'food', 'plant']);
    expect(train.find(({ text }) => text.startsWith('espresso: '))).toEqual({
      text: 'espresso: strong black coffee brewed by forcing hot water under pressure through finely ground coffee beans',
      label: 1,
    });
    // All of the lexicographers' files 05, 13 and 20.
    expect(labelHistogram([...train, ...test], 3)).toEqual([7510, 2575, 8032]);
    expect(test.length / (train.length + test.length)).toBeCloseTo(0.1, 2);
    const definitionOf = (text: string) => text.slice(text.indexOf(': ') + 2);
    const trained = new Set(train.map(({ text }) => definitionOf(text)));
    expect(test.filter(({ text }) => trained.has(definitionOf(text)))).toEqual([]);
  });

  it('names the topics there are', async () => {
    await expect(openDataset({ source: 'wordnet-topics', topics: ['food', 'drink'] })).rejects.toThrow(
      /"drink" is not a topic; WordNet has Tops, act, animal/,
    );
    await expect(openDataset({ source: 'wordnet-topics', topics: ['food', 'food'] })).rejects.toMatchObject({
      code: 'data.one-class',
    });
  });
});
