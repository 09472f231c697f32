import { replaceFile } from '#files';
import type { FileHandle } from 'node:fs/promises';
import { explainFileError } from './file-errors.ts';

/** As {@link replaceAtomically}, with the whole content at once. */
export async function writeFileAtomically(path: string, bytes: Uint8Array | string): Promise<void> {
  await replaceAtomically(path, async (file) => {
    await file.writeFile(bytes);
  });
}

/** As `replaceFile`, with errors that name cause and cure: throws `storage.disk-full`, `storage.not-writable` or `storage.not-a-folder`. */
export async function replaceAtomically(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  durable = true,
): Promise<void> {
  try {
    await replaceFile(path, write, durable);
  } catch (error) {
    throw explainFileError(error, path);
  }
}
