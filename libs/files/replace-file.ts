import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './sync-folder.ts';

let written = 0;

/**
 * Writes a file so that after a crash or a power cut it is there as a whole, or as it was before: temporary file, fsync, rename, fsync of the
 * folder. Creates missing folders; if `write` throws, nothing changes. What need not survive a power cut, `durable` false, is not flushed to
 * the disk. Errors are the file system's.
 */
export async function replaceFile(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  durable = true,
): Promise<void> {
  // Of its own, since two may write one file; named as those that are swept when their writer was killed.
  const partial = `${path}.${process.pid}-${(written += 1)}.partial`;
  try {
    const file = await create(partial);
    try {
      await write(file);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
    if (durable) await syncFolder(dirname(path));
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** Most folders are there already. */
async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    await mkdir(dirname(path), { recursive: true });
    return open(path, 'wx');
  }
}
