import { existsSync } from 'node:fs';
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { withModelFile } from './with-model-file.ts';

/** Above any number that a process has. */
const NOBODY = 2 ** 31 - 1;
const empty = { bytes: new Uint8Array(), weights: [], nodes: [] };

describe('what processes leave behind that are killed while they open a model', () => {
  it('goes when the next model is opened, but not what is young or has an owner', async () => {
    const at = (name: string): string => join(tmpdir(), `airtune-model-${name}-${process.pid}`);
    const [abandoned, young, owned] = [at(`${NOBODY}-old`), at(`${NOBODY}-young`), at(`${process.pid}-old`)];
    const longAgo = new Date(Date.now() - 3_600_000);
    for (const folder of [abandoned, young, owned]) {
      await mkdir(folder);
      await writeFile(join(folder, 'weights'), 'left');
      for (const path of [join(folder, 'weights'), folder]) if (folder !== young) await utimes(path, longAgo, longAgo);
    }
    const own = await withModelFile(empty, (path) => Promise.resolve(dirname(path)));
    expect([abandoned, young, owned, own].map(existsSync)).toEqual([false, true, true, false]);
    for (const folder of [young, owned]) await rm(folder, { recursive: true });
  });

  it('goes of its own in every other case', async () => {
    let folder = '';
    const failing = withModelFile(empty, (path) => {
      folder = dirname(path);
      return Promise.reject(new Error('refused'));
    });
    await expect(failing).rejects.toThrow('refused');
    expect(existsSync(folder)).toBe(false);
  });
});
