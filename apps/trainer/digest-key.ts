import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '#storage';
import { siteFolder } from './site-folders.ts';
import { codeOf } from './trainer-error.ts';

/** Where a site's secret lies. */
export function digestKeyPath(home: string, site: string): string {
  return join(siteFolder(home, site), 'data-digest.key');
}

/** The site's secret that blinds digests of its clients' data; made at first use, and never sent. */
export async function openDigestKey(home: string, site: string): Promise<Uint8Array> {
  const path = digestKeyPath(home, site);
  try {
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    const key = randomBytes(32);
    await writeFileAtomically(path, key);
    return key;
  }
}
