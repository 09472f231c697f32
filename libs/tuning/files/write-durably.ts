import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TuningError } from '../tuning-error.ts';

let written = 0;

/** Writes a file that is there whole or not at all, even after a power cut: temporary name, fsync, rename, fsync of the folder. Throws `tuning.disk-full`. */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  // Of its own, since two may write one file; named as those that are swept when their writer was killed.
  const temporary = `${path}.${process.pid}-${(written += 1)}.partial`;
  try {
    await replace(path, temporary, bytes);
  } catch (cause) {
    await rm(temporary, { force: true });
    if (!isDiskFull(cause)) throw cause;
    const message = `The disk is full: ${path} could not be written. Free some space and start again; nothing that was finished is lost.`;
    throw new TuningError('tuning.disk-full', message, { retryable: true, cause });
  }
}

async function replace(path: string, temporary: string, bytes: Uint8Array): Promise<void> {
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  if (process.platform === 'win32') return;
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isDiskFull(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
