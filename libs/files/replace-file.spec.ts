import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { replaceFile } from './replace-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'airtune-files-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const replaceBy = (path: string, text: string): Promise<void> =>
  replaceFile(path, async (file) => {
    await file.writeFile(text);
  });

describe('a file that is replaced', () => {
  it('is replaced as a whole, in a folder that is made for it', async () => {
    const path = join(folder, 'new', 'state.json');
    await replaceBy(path, 'the first, longer text');
    await replaceBy(path, 'second');
    expect(readFileSync(path, 'utf8')).toBe('second');
    expect(readdirSync(join(folder, 'new'))).toEqual(['state.json']);
  });

  it('is as it was, with nothing beside it, when writing fails half-way', async () => {
    const path = join(folder, 'kept', 'state.json');
    await replaceBy(path, 'whole');
    const failing = replaceFile(path, async (file) => {
      await file.writeFile('ha');
      throw new Error('out of words');
    });
    await expect(failing).rejects.toThrow('out of words');
    expect(readFileSync(path, 'utf8')).toBe('whole');
    expect(readdirSync(join(folder, 'kept'))).toEqual(['state.json']);
  });

  it('holds one of the texts, whole, when many write it at once', async () => {
    const path = join(folder, 'many', 'state.json');
    const texts = Array.from({ length: 8 }, (_, i) => String(i).repeat(10_000 * (i + 1)));
    await Promise.all(texts.map((text) => replaceBy(path, text)));
    expect(texts).toContain(readFileSync(path, 'utf8'));
    expect(readdirSync(join(folder, 'many'))).toEqual(['state.json']);
  });
});
