import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { loadTokenizer, tokenizerFromJson } from './load-tokenizer.ts';
import { saveTokenizer } from './save-tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';

const fixtures = join(import.meta.dirname, '../fixtures/tokenizers');
// bert-base-uncased and GPT-2 whole, for those who have them beside the repository; the small ones that are shipped otherwise.
const data = process.env['AIRTUNE_DATA'] ?? join(import.meta.dirname, '../../../../shared/data');

interface Row {
  readonly text: string;
  readonly ids: number[];
  readonly wrapped?: number[];
  readonly decoded?: string;
}

async function readRows(...path: string[]): Promise<Row[]> {
  return JSON.parse(await readFile(join(...path), 'utf8')) as Row[];
}

/** The texts whose ids differ. */
function differing(tokenizer: Tokenizer, rows: readonly Row[]): string[] {
  return rows.filter(({ text, ids }) => tokenizer.encodeRaw(text).join() !== ids.join()).map(({ text }) => text);
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'airtune-tokenizer-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe.each(['word-piece', 'roberta', 'gpt2'])('the tokenizer of a %s folder', (kind) => {
  it("gives transformers' ids and texts", async () => {
    const tokenizer = await loadTokenizer(join(fixtures, kind));
    const rows = await readRows(fixtures, kind, 'encoded.json');
    expect(rows.length).toBeGreaterThan(10);
    expect(differing(tokenizer, rows)).toEqual([]);
    expect(rows.map(({ text }) => tokenizer.encode(text, 512))).toEqual(rows.map(({ wrapped }) => wrapped));
    expect(rows.map(({ ids }) => tokenizer.decode(ids))).toEqual(rows.map(({ decoded }) => decoded));
  });

  it('cuts the text, never the special tokens', async () => {
    const tokenizer = await loadTokenizer(join(fixtures, kind));
    const text = 'The channel carries every update.';
    const whole = tokenizer.encode(text, 512);
    const cut = tokenizer.encode(text, 5);
    expect(cut).toHaveLength(5);
    expect(cut.slice(0, 4)).toEqual(whole.slice(0, 4));
    expect(cut.at(-1)).toBe(kind === 'gpt2' ? whole[4] : whole.at(-1));
  });

  it('comes back the same from the tokenizer.json that it is saved as', async () => {
    const saved = join(folder, kind);
    const original = await loadTokenizer(join(fixtures, kind));
    await saveTokenizer(saved, original);
    const again = await loadTokenizer(saved);
    const rows = await readRows(fixtures, kind, 'encoded.json');
    expect(rows.map(({ text }) => again.encode(text, 16))).toEqual(rows.map(({ text }) => original.encode(text, 16)));
    expect({ ...again, files: null }).toMatchObject({
      padTokenId: original.padTokenId,
      clsTokenId: original.clsTokenId,
      sepTokenId: original.sepTokenId,
      vocabularySize: original.vocabularySize,
      specialTokenIds: original.specialTokenIds,
    });
  });
});

describe('published vocabularies', () => {
  it('gives the ids of bert-base-uncased on every stored text', async () => {
    const whole = existsSync(join(data, 'tokenizers/bert/encoded.json'));
    const dir = whole ? join(data, 'tokenizers/bert') : join(fixtures, 'word-piece');
    const tokenizer = await loadTokenizer(dir);
    expect(tokenizer.vocabularySize).toBe(whole ? 30_522 : 220);
    expect(differing(tokenizer, await readRows(dir, 'encoded.json'))).toEqual([]);
  });

  it('gives the ids of GPT-2 on the stored text', async () => {
    const path = join(data, 'tokenizers/gpt2/encoded_tokens.json');
    const whole = existsSync(path);
    const tokenizer = await loadTokenizer(whole ? join(data, 'tokenizers/gpt2') : join(fixtures, 'gpt2'));
    if (whole) {
      const { text, token_ids: ids } = JSON.parse(await readFile(path, 'utf8')) as {
        text: string;
        token_ids: number[];
      };
      expect(tokenizer.encodeRaw(text)).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(text);
    } else {
      expect(differing(tokenizer, await readRows(fixtures, 'gpt2', 'encoded.json'))).toEqual([]);
    }
  });
});

describe('options and mistakes', () => {
  it('keeps capitals when tokenizer_config.json says so, also against tokenizer.json', async () => {
    const cased = join(folder, 'cased');
    await saveTokenizer(cased, await loadTokenizer(join(fixtures, 'word-piece')));
    const path = join(cased, 'tokenizer_config.json');
    const lowercased = await loadTokenizer(cased);
    await writeFile(path, '{"do_lower_case":false}');
    const tokenizer = await loadTokenizer(cased);
    const unknown = tokenizer.encodeRaw('[UNK]');
    expect(tokenizer.encodeRaw('The')).toEqual(unknown);
    expect(lowercased.encodeRaw('The')).toEqual(lowercased.encodeRaw('the'));
  });

  it('knows tokens that were added beside the vocabulary', async () => {
    const added = join(folder, 'added');
    await cp(join(fixtures, 'word-piece'), added, { recursive: true });
    const decoder = { 220: { content: '<site>', special: true }, 221: { content: 'dBm', normalized: false } };
    await writeFile(join(added, 'tokenizer_config.json'), JSON.stringify({ added_tokens_decoder: decoder }));
    const tokenizer = await loadTokenizer(added);
    expect(tokenizer.vocabularySize).toBe(222);
    expect(tokenizer.encodeRaw('<site> the dBm')).toEqual([220, ...tokenizer.encodeRaw('the'), 221]);
    expect(tokenizer.specialTokenIds.has(220)).toBe(true);
    expect(tokenizer.specialTokenIds.has(221)).toBe(false);
  });

  it('names the files that it looked for', async () => {
    await expect(loadTokenizer(folder)).rejects.toThrow('neither tokenizer.json, nor vocab.txt, nor vocab.json');
  });

  it('names the special token that a vocabulary lacks, and the line of a bad merge', async () => {
    const poor = join(folder, 'poor');
    await cp(join(fixtures, 'gpt2'), poor, { recursive: true });
    await writeFile(join(poor, 'merges.txt'), '#version: 0.2\nzz yy\n');
    await expect(loadTokenizer(poor)).rejects.toThrow(/merges\.txt:2: token zz is not in the vocabulary/);
    await writeFile(join(poor, 'vocab.txt'), '[PAD]\n[UNK]\n[CLS]\nthe\n');
    await expect(loadTokenizer(poor)).rejects.toThrow(/vocab\.txt lacks the special token \[SEP\]/);
  });

  it('refuses a tokenizer.json of another shape and a limit below the special tokens', async () => {
    expect(() => tokenizerFromJson({ model: { type: 'WordPiece', vocab: { a: -1 } } })).toThrow(/model\.vocab/);
    expect(() =>
      tokenizerFromJson({ model: { type: 'WordPiece', vocab: { a: 0 } }, normalizer: { type: 'Odd' } }),
    ).toThrow(/Odd/);
    const tokenizer = await loadTokenizer(join(fixtures, 'word-piece'));
    expect(() => tokenizer.encode('text', 1)).toThrow(/leave no room for the 2 special ones/);
  });
});
