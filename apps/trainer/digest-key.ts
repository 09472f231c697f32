import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '#storage';
import { siteFolder } from './site-folders.ts';
import { codeOf } from './trainer-error.ts';

/** The site's secret that blinds digests of its clients' data; made at first use, and never sent. */
export async function openDigestKey(home: string, site: string): Promise<Uint8Array> {
  const path = join(siteFolder(home, site), 'data-digest.key');
  try {
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    const key = randomBytes(32);
    await writeFileAtomically(path, key);
    return key;
  }
}
