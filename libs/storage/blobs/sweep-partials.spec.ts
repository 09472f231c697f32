import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BlobStore } from './blob-store.ts';
import { sweepPartials } from './sweep-partials.ts';

describe('sweeping what was left half written', () => {
  let folder: string;
  const nowMs = Date.UTC(2026, 0, 1);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'airtune-sweep-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const leave = async (name: string, minutesAgo: number): Promise<void> => {
    await mkdir(join(folder, 'ab'), { recursive: true });
    await writeFile(join(folder, 'ab', name), 'half');
    const at = new Date(nowMs - minutesAgo * 60_000);
    await utimes(join(folder, 'ab', name), at, at);
  };

  it('takes what nobody writes to any more, and leaves blobs and what is still coming', async () => {
    const digest = await new BlobStore(folder).put(new Uint8Array([1, 2, 3]));
    await leave('ab12.99-1.partial', 30);
    await leave('ab34.99-2.partial', 1);
    await leave('notes.partial', 30);
    expect(await sweepPartials(folder, nowMs)).toBe(1);
    expect((await readdir(join(folder, 'ab'))).sort()).toEqual(['ab34.99-2.partial', 'notes.partial']);
    expect(await new BlobStore(folder).has(digest)).toBe(true);
  });

  it('takes all of it for who is alone with the folder, and minds none that is not there', async () => {
    expect(await sweepPartials(folder, nowMs, 0)).toBe(1);
    expect(await sweepPartials(join(folder, 'nowhere'), nowMs)).toBe(0);
  });
});
