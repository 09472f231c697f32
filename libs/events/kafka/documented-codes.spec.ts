import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const PAGE = join(import.meta.dirname, '../../../docs/messages.md');

it('every error of the broker is in docs/messages.md, with meaning and cure, and no other', async () => {
  const files = (await readdir(import.meta.dirname)).filter((name) => /^(?!.*\.spec\.).*\.ts$/.test(name));
  const source = await Promise.all(files.map((name) => readFile(join(import.meta.dirname, name), 'utf8')));
  const codes = new Set(source.flatMap((text) => [...text.matchAll(/'(kafka\.[a-z-]+)'/g)].map(([, code]) => code)));
  expect(codes.size).toBeGreaterThan(5);
  const page = await readFile(PAGE, 'utf8');
  const rows = [...page.matchAll(/^\| `(kafka\.[a-z-]+)` +\|([^|]+)\|([^|]+)\|$/gm)];
  expect(rows.map(([, code]) => code).sort()).toEqual([...codes].sort());
  for (const [, , meaning, cure] of rows) expect([meaning?.trim(), cure?.trim()]).not.toContain('');
});
