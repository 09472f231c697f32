import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TuningError } from '../tuning-error.ts';

/** Writes a file that is there whole or not at all, even after a power cut: temporary name, fsync, rename, fsync of the folder. Throws `tuning.disk-full`. */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await replace(path, bytes);
  } catch (cause) {
    await rm(`${path}.partial`, { force: true });
    if (!isDiskFull(cause)) throw cause;
    const message = `The disk is full: ${path} could not be written. Free some space and start again; nothing that was finished is lost.`;
    throw new TuningError('tuning.disk-full', message, { retryable: true, cause });
  }
}

async function replace(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.partial`;
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
