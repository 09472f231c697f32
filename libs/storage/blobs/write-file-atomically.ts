import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from '../storage-error.ts';
import { explainFileError } from './file-errors.ts';

let written = 0;

/**
 * Writes a file so that after a crash or a power cut it is there as a whole, or as it was before: temporary file, fsync,
 * rename, fsync of the folder. Creates missing folders. Throws `storage.disk-full` or `storage.not-writable`.
 */
export async function writeFileAtomically(path: string, bytes: Uint8Array | string): Promise<void> {
  await replaceAtomically(path, async (file) => {
    await file.writeFile(bytes);
  });
}

/**
 * As {@link writeFileAtomically}, with the content written by the caller; if `write` throws, nothing changes. What need
 * not survive a power cut, `durable` false, is not flushed to the disk.
 */
export async function replaceAtomically(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  durable = true,
): Promise<void> {
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
    throw explainFileError(error, path);
  }
}

/** Most folders are there already. */
async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true });
    return open(path, 'wx');
  }
}

/** Makes renames in a folder durable. Windows cannot open folders, and does not need it. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
