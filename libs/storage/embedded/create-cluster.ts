import { randomBytes } from 'node:crypto';
import { chown, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StorageError } from '../storage-error.ts';
import type { Binaries } from './binaries.ts';
import { runProgram, type ProgramUser } from './run-program.ts';

/** The superuser of an embedded database. */
export const SUPERUSER = 'airtune';

/** Creates `data` and `password` in a folder; what an interrupted attempt left is replaced, finished data never. */
export async function createCluster(folder: string, binaries: Binaries, user: ProgramUser): Promise<void> {
  const partial = join(folder, 'data.partial');
  const password = join(folder, 'password');
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { mode: 0o700 });
  await rm(password, { force: true });
  await writeFile(password, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  if (user.uid !== undefined && user.gid !== undefined)
    for (const path of [partial, password]) await chown(path, user.uid, user.gid);
  const { status, output } = await runProgram(
    binaries.initdb,
    [
      `--pgdata=${partial}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${password}`,
      '--auth=scram-sha-256',
      '--locale=C',
      '--encoding=UTF8',
    ],
    user,
  );
  if (status !== 0) throw initdbFailed(folder, output);
  await rename(partial, join(folder, 'data'));
}

function initdbFailed(folder: string, output: string): StorageError {
  if (output.includes('No space left on device'))
    return new StorageError(
      'storage.disk-full',
      `The disk is full: no database could be created in ${folder}. Free some space there, and start again.`,
      {
        retryable: true,
      },
    );
  return new StorageError(
    'storage.postgres-failed',
    `PostgreSQL's initdb failed in ${folder}: ${output.split('\n').slice(-3).join(' ')}`,
  );
}
