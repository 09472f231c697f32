import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What `replaceFile` writes to before it renames. */
const PARTIAL = /\.\d+-\d+\.partial$/;

/** A blob whose sender has been silent for ten minutes is given up: nobody writes to a file that is older than that. */
const GIVEN_UP_MS = 10 * 60_000;
const AGAIN_EVERY_MS = 15 * 60_000;

/**
 * Removes what processes that were killed have left half written in a folder and below it. Answers how many files that were.
 * `olderThanMs` 0 takes all of them: for who is alone with the folder.
 */
export async function sweepPartials(folder: string, nowMs: number, olderThanMs = GIVEN_UP_MS): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  let swept = 0;
  for (const entry of entries) {
    if (!entry.isFile() || !PARTIAL.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const written = await stat(path).catch(() => undefined);
    if (written === undefined || nowMs - written.mtimeMs < olderThanMs) continue;
    await rm(path, { force: true });
    swept += 1;
  }
  return swept;
}

/** Sweeps a folder that others may write to as well, now and from time to time; answers how to stop. */
export function keepSwept(folder: string, now: () => Date): () => Promise<void> {
  const sweep = (): void => {
    // What cannot be removed today stays: it takes disk, and no more.
    sweepPartials(folder, now().getTime()).catch(() => undefined);
  };
  sweep();
  const timer = setInterval(sweep, AGAIN_EVERY_MS).unref();
  return () => {
    clearInterval(timer);
    return Promise.resolve();
  };
}
