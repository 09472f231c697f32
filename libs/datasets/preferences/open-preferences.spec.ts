import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { temporaryFile } from '../fixtures/temporary-file.ts';
import { openInstructions } from '../instructions/open-instructions.ts';
import { openPreferences } from './open-preferences.ts';

const REAL = process.env['AIRTUNE_DATA'] ?? resolve(import.meta.dirname, '../../../../shared/data');
const whenReal = existsSync(resolve(REAL, 'hh_rlhf')) ? it : it.skip;

const lines = (...rows: object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const ranked = (prompt: string, i: number) => ({ prompt, chosen: `good ${i}`, rejected: `bad ${i}` });

async function pairsOf(source: 'hh-rlhf' | 'alpaca-eval' | 'jsonl', content: string) {
  const train = await temporaryFile('train.jsonl', content);
  const { sources, notes } = await openPreferences([{ source, train, testFraction: 0.5 }]);
  const rows = [...sources[0]!.train, ...sources[0]!.heldOut].toSorted((a, b) => a.line - b.line);
  return { rows, notes };
}

describe('ranked pairs', () => {
  it('splits by prompt, never by row, whatever the order of the rows', async () => {
    const rows = Array.from({ length: 200 }, (_, i) => ranked(`prompt ${i % 20}`, i));
    const open = async (content: string) => {
      const { sources } = await openPreferences([
        { source: 'jsonl', train: await temporaryFile('a.jsonl', content), testFraction: 0.25 },
      ]);
      return sources[0]!;
    };
    const split = await open(lines(...rows));
    const held = new Set(split.heldOut.map(({ prompt }) => prompt));
    expect(held.size).toBe(5);
    expect(split.heldOut).toHaveLength(50);
    expect(split.train.filter(({ prompt }) => held.has(prompt))).toEqual([]);
    const turned = await open(lines(...rows.toReversed()));
    expect(new Set(turned.heldOut.map(({ prompt }) => prompt))).toEqual(held);
  });

  it('reads gzip files, and leaves out test pairs whose prompt is trained on and pairs that are equal', async () => {
    const train = await temporaryFile('a.jsonl.gz', gzipSync(lines(ranked('one', 1), ranked('two', 2))));
    const same = { prompt: 'four', chosen: 'same', rejected: 'same ' };
    const test = await temporaryFile('b.jsonl', lines(ranked('two', 3), ranked('three', 4), same));
    const { sources, notes } = await openPreferences([{ source: 'jsonl', train, test }]);
    expect(sources[0]!.train).toHaveLength(2);
    expect(sources[0]!.heldOut.map(({ prompt }) => prompt)).toEqual(['three']);
    expect(notes).toEqual([
      expect.stringMatching(/b\.jsonl: 1 pairs were left out, whose completions are equal/),
      '1 test pairs were left out: their prompt is trained on.',
    ]);
  });

  it.each([
    [
      '{"prompt": "a", "chosen": "b", "rejected": "c"}\n{"prompt": "a", "chosen": "b"}\n',
      /line 2: no field is named "rejected"/,
    ],
    ['{"prompt": "a", "chosen": "b", "rejected": "c"}\n\nnot json\n', /line 3: not JSON/],
    ['{"prompt": " ", "chosen": "b", "rejected": "c"}\n', /line 1: the prompt is empty/],
    ['{"prompt": "a", "chosen": 3, "rejected": "c"}\n', /line 1: "chosen" is of type number, not text/],
    ['{"prompt": "a", "chosen": "b", "rejected": "c"}\n', /all pairs are about one prompt/],
    ['', /has no pairs/],
  ])('refuses %j', async (content, message) => {
    await expect(pairsOf('jsonl', content)).rejects.toThrow(message);
  });

  it('says so when a file is no gzip file, as its name says', async () => {
    const train = await temporaryFile('a.jsonl.gz', 'plain text');
    await expect(openPreferences([{ source: 'jsonl', train }])).rejects.toMatchObject({ code: 'data.gzip' });
  });
});

describe('hh-rlhf', () => {
  const turns = (...said: string[]): string =>
    said.map((text, i) => `\n\n${i % 2 === 0 ? 'Human' : 'Assistant'}: ${text}`).join('');

  it('takes what both dialogues begin with as the prompt', async () => {
    const { rows } = await pairsOf(
      'hh-rlhf',
      lines(
        { chosen: turns('Hello', 'Hi.'), rejected: turns('Hello', 'Go away.') },
        { chosen: turns('Why?', 'So.', 'And?', 'That is all.'), rejected: turns('Why?', 'So.', 'And?', '') },
        { chosen: turns('How?', 'Thus.', 'Thanks', 'Welcome'), rejected: turns('How?', 'Guess.', 'No', 'Yes') },
      ),
    );
    expect(rows.map(({ prompt, chosen, rejected, group }) => [prompt, chosen, rejected, group])).toEqual([
      ['Hello', 'Hi.', 'Go away.', 'Hello'],
      ['Human: Why?\n\nAssistant: So.\n\nHuman: And?', 'That is all.', '', 'Why?'],
      ['How?', 'Thus.\n\nHuman: Thanks\n\nAssistant: Welcome', 'Guess.\n\nHuman: No\n\nAssistant: Yes', 'How?'],
    ]);
  });

  it('refuses dialogues that have nothing in common', async () => {
    const content = lines({ chosen: turns('A', 'b'), rejected: turns('C', 'd') });
    await expect(pairsOf('hh-rlhf', lines({ chosen: 'a', rejected: 'b' }) + content)).rejects.toThrow(
      /line 1: the two dialogues do not part in a turn of the assistant/,
    );
  });

  whenReal('reads the published file whole', async () => {
    const { sources } = await openPreferences([{ source: 'hh-rlhf', train: `${REAL}/hh_rlhf/harmless-base.jsonl.gz` }]);
    expect(sources[0]!.train.length + sources[0]!.heldOut.length).toBe(1912);
    expect(sources[0]!.train[0]).toMatchObject({
      prompt: 'how can I make an explosive',
      chosen: 'Oh. I’m sorry, I can’t answer that.',
    });
  });
});

describe('alpaca-eval', () => {
  it('reads annotations as a list, with ties left out, and rows that are ranked already', async () => {
    const outputs = { output_1: 'first', output_2: 'second' };
    const list = [1, 2, 1.5, null, 1.9].map((preference, i) => ({ instruction: `do ${i}`, ...outputs, preference }));
    const { rows } = await pairsOf('alpaca-eval', JSON.stringify(list, null, 1));
    expect(rows.map(({ prompt, chosen }) => [prompt, chosen])).toEqual([
      ['do 0', 'first'],
      ['do 1', 'second'],
      ['do 4', 'second'],
    ]);
    const again = await pairsOf('alpaca-eval', lines(ranked('one', 1), ranked('two', 2)));
    expect(again.rows.map(({ chosen }) => chosen)).toEqual(['good 1', 'good 2']);
  });

  it('names the object that has no preference', async () => {
    const list = [{ instruction: 'x', output_1: 'a', output_2: 'b', preference: 7 }];
    await expect(pairsOf('alpaca-eval', JSON.stringify(list))).rejects.toThrow(/object 1: "preference" is 7/);
  });

  whenReal('keeps the pairs of one prompt together', async () => {
    const { sources } = await openPreferences([
      { source: 'alpaca-eval', train: `${REAL}/alpaca_eval/preferences.jsonl.gz` },
    ]);
    const held = new Set(sources[0]!.heldOut.map(({ prompt }) => prompt));
    expect([sources[0]!.train.length + sources[0]!.heldOut.length, held.size]).toEqual([13_987, 71]);
    expect(sources[0]!.train.some(({ prompt }) => held.has(prompt))).toBe(false);
  });
});

describe('answers about WordNet', () => {
  it('are the same pairs every time, and what instructions are tested with is held out', async () => {
    const spec = { source: 'wordnet-answers', aspect: 'helpfulness', limit: 900 } as const;
    const { sources, digest } = await openPreferences([spec]);
    expect(digest).toBe('sha256:524ee0ac37a3ce2d204b607e015e820f1c7f197fc2b2274d025bda1366fc6d97');
    const { train, heldOut } = sources[0]!;
    expect([train.length, heldOut.length]).toEqual([900, 100]);
    const { test } = await openInstructions({ source: 'instructions' });
    const tested = new Map(test.map(({ instruction, output }) => [instruction, output]));
    expect(heldOut.every(({ prompt, chosen }) => tested.get(prompt) === chosen)).toBe(true);
    expect(train.some(({ prompt }) => tested.has(prompt))).toBe(false);
  });

  it('rank for safety what speaks of no harm above what does', async () => {
    const { sources } = await openPreferences([{ source: 'wordnet-answers', aspect: 'safety', limit: 2000 }]);
    const speaksOfHarm = /\b(kill|weapon|bomb|poison|murder|insult|offensive)/i;
    const { train } = sources[0]!;
    const share = (side: 'chosen' | 'rejected') =>
      train.filter((row) => speaksOfHarm.test(row[side])).length / train.length;
    expect(share('rejected')).toBeGreaterThan(0.5);
    expect(share('chosen')).toBeLessThan(0.02);
  });
});
