import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '#files';
import { writeFileAtomically } from '#storage';
import { absent } from './absent.ts';

const NAME = /^round-(\d+)$/;
const PARTIAL = '.partial';

export function roundFolder(folder: string, round: number): string {
  return join(folder, `round-${String(round).padStart(4, '0')}`);
}

/** The rounds of which there is a whole folder, ascending. */
export async function storedRounds(folder: string): Promise<number[]> {
  const names = (await readdir(folder).catch(absent)) ?? [];
  return names
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/**
 * Writes a round's folder so that after a crash or a power cut it is there with all its files, or not at all: a folder of
 * another name, fsync of each file and of the folder, rename, fsync of the folder above. Replaces what was there.
 * Throws `storage.disk-full` or `storage.not-writable`.
 */
export async function writeRoundFolder(
  folder: string,
  round: number,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  const final = roundFolder(folder, round);
  const partial = final + PARTIAL;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  for (const [name, bytes] of files) await writeFileAtomically(join(partial, name), bytes);
  await syncFolder(partial);
  await rm(final, { recursive: true, force: true });
  await rename(partial, final);
  await syncFolder(folder);
}

/** Removes rounds older than `oldest`; the disk a client takes does not grow with its rounds. */
export async function forgetRoundsBefore(folder: string, oldest: number): Promise<void> {
  for (const round of await storedRounds(folder)) {
    if (round < oldest) await rm(roundFolder(folder, round), { recursive: true, force: true });
  }
}
