import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { isMissingFile, ModelError, wordsOf } from '../model-error.ts';

/**
 * Fills a folder so that it appears whole or not at all: `fill` writes into a temporary neighbour, which then takes the name. A folder that
 * holds something is left alone unless `replaces` recognises it by the names in it. Throws ModelError `export.folder-*`.
 */
export async function writeFolder(
  dir: string,
  replaces: (names: readonly string[]) => boolean,
  fill: (temporary: string) => Promise<void>,
): Promise<void> {
  const target = resolve(dir);
  const names = await namesIn(target);
  if (names.length > 0 && !replaces(names)) {
    throw new ModelError(
      'export.folder-not-empty',
      `${target} is not empty, so nothing was written; name another folder`,
    );
  }
  await mkdir(dirname(target), { recursive: true });
  const temporary = join(dirname(target), `.${basename(target)}.partial-${process.pid}`);
  const former = `${temporary}-former`;
  // What an earlier process of this number left behind when it was killed.
  await rm(temporary, { recursive: true, force: true });
  try {
    await mkdir(temporary);
    await fill(temporary);
    // rename() does not put a folder over one that holds something.
    if (names.length > 0) await rename(target, former);
    else await rm(target, { recursive: true, force: true });
    await rename(temporary, target);
    await rm(former, { recursive: true, force: true });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

async function namesIn(target: string): Promise<string[]> {
  try {
    return await readdir(target);
  } catch (cause) {
    if (isMissingFile(cause)) return [];
    throw new ModelError('export.folder-unusable', `${target} cannot be written to: ${wordsOf(cause)}`, { cause });
  }
}
