import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporaryFile } from '../fixtures/temporary-file.ts';
import { isTestDefinition } from '../wordnet/held-out-definition.ts';
import { openInstructions } from './open-instructions.ts';
import { formatPrompt } from './prompt-template.ts';

const REAL = process.env['AIRTUNE_DATA'] ?? resolve(import.meta.dirname, '../../../../shared/data');
const whenReal = existsSync(`${REAL}/alpaca`) ? it : it.skip;

const rows = Array.from({ length: 20 }, (_, i) => ({ instruction: `Add ${i} and 1.`, input: '', output: `${i + 1}` }));
const alpaca = (content: unknown) => temporaryFile('rows.json', JSON.stringify(content));

describe('instructions from files', () => {
  it('reads Alpaca, a JSON array with inputs that may be empty', async () => {
    const train = await alpaca([...rows, { instruction: 'Sort.', input: 'b, a', output: ' a, b ' }]);
    const set = await openInstructions({
      source: 'alpaca',
      train,
      test: await alpaca([rows[0], { instruction: 'New?', output: 'Yes.' }]),
    });
    expect(set.train).toHaveLength(21);
    expect(set.train.at(-1)).toEqual({ instruction: 'Sort.', input: 'b, a', output: 'a, b' });
    expect(set.train[0]).toEqual({ instruction: 'Add 0 and 1.', output: '1' });
    expect(set.test).toEqual([{ instruction: 'New?', output: 'Yes.' }]);
    expect(set.notes).toEqual(['1 row was left out: the same prompt stands before.']);
  });

  it('reads Dolly with its categories, and JSON lines of your own', async () => {
    const dolly = rows.map(({ instruction, output }) => ({
      instruction,
      context: 'ctx',
      response: output,
      category: 'maths',
    }));
    const fromDolly = await openInstructions({ source: 'dolly', train: await alpaca(dolly) });
    expect(fromDolly.train[0]).toMatchObject({ input: 'ctx', category: 'maths' });
    const lines = rows.map((row) => JSON.stringify(row)).join('\n');
    const set = await openInstructions({
      source: 'jsonl',
      train: await temporaryFile('rows.jsonl', lines),
      testFraction: 0.25,
    });
    expect([set.train.length, set.test.length]).toEqual([15, 5]);
  });

  it('splits and limits by prompt alone: the order of rows changes nothing', async () => {
    const forwards = await openInstructions({ source: 'alpaca', train: await alpaca(rows), limit: 8 });
    const backwards = await openInstructions({ source: 'alpaca', train: await alpaca(rows.toReversed()), limit: 8 });
    expect(backwards).toEqual(forwards);
    expect(forwards.train).toHaveLength(8);
    const tested = new Set(forwards.test.map(formatPrompt));
    expect(forwards.train.some((row) => tested.has(formatPrompt(row)))).toBe(false);
  });

  it.each([
    ['data.json', '[{"instruction": ', 'rows.json: not JSON'],
    ['data.json', '"text"', 'rows.json, line 1: not a JSON object'],
    [
      'data.column-unknown',
      '[{"question": "?"}]',
      'rows.json, row 1: field "instruction" is needed; the object has "question"',
    ],
    ['data.column-unknown', '{"instruction": "Go.", "output": 3}', 'line 1: field "output" is needed; it is no text'],
    ['data.field-empty', '{"instruction": " ", "output": "x"}', 'line 1: "instruction" is empty'],
    ['data.no-rows', '[]', 'has no instructions'],
  ])('refuses with %s what cannot be read: %s', async (code, content, message) => {
    const train = await temporaryFile('rows.json', content);
    const expected = { code, message: expect.stringContaining(message) };
    await expect(openInstructions({ source: 'alpaca', train })).rejects.toMatchObject(expected);
  });

  it('refuses fields that a source does not use', async () => {
    await expect(openInstructions({ source: 'instructions', train: 'x' })).rejects.toMatchObject({
      code: 'data.field-not-used',
    });
    await expect(openInstructions({ source: 'alpaca' })).rejects.toMatchObject({ code: 'data.train-missing' });
  });

  whenReal('reads the published files', async () => {
    const alpacas = await openInstructions({ source: 'alpaca', train: `${REAL}/alpaca/alpaca_5000.json` });
    expect(alpacas.train.length + alpacas.test.length).toBeGreaterThan(4900);
    const dollies = await openInstructions({
      source: 'dolly',
      train: `${REAL}/dolly/local_training_0.json`,
      test: `${REAL}/dolly/global_test.json`,
    });
    expect(dollies.test.length).toBeGreaterThan(70);
  });
});

describe('instructions over WordNet', () => {
  it('ask to define, to use and to name the kind; what is tested is never trained on', async () => {
    const set = await openInstructions({ source: 'instructions', limit: 3000 });
    expect(set.train).toHaveLength(3000);
    expect(new Set(set.train.map(({ category }) => category))).toEqual(new Set(['define', 'sentence', 'kind']));
    const defined = set.test.filter(({ category }) => category === 'define');
    expect(defined.length).toBeGreaterThan(5000);
    const asWritten = ({ output }: { output: string }): string[] => {
      const open = output.replace(/\.$/, '');
      return [output, open].flatMap((text) => [text, text.charAt(0).toLowerCase() + text.slice(1)]);
    };
    expect(defined.every((row) => asWritten(row).some(isTestDefinition))).toBe(true);
  });
});
