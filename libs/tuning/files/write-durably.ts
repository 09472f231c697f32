import { replaceFile } from '#files';
import { TuningError } from '../tuning-error.ts';

/** Writes a file that is there whole or not at all, even after a power cut (`replaceFile`). Throws `tuning.disk-full`. */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await replaceFile(path, async (file) => {
      await file.writeFile(bytes);
    });
  } catch (cause) {
    if (!isDiskFull(cause)) throw cause;
    const message = `The disk is full: ${path} could not be written. Free some space and start again; nothing that was finished is lost.`;
    throw new TuningError('tuning.disk-full', message, { retryable: true, cause });
  }
}

function isDiskFull(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
