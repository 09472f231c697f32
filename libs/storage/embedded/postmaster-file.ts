import { readFile, readlink, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StorageError } from '../storage-error.ts';
import { runProgram } from './run-program.ts';

/** What a running server says of itself in `postmaster.pid` (PostgreSQL's miscadmin.h, LOCK_FILE_LINE_*). */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

export async function readPostmaster(data: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
}

/** The server that runs on these data, if one does; a file left by a power cut names a process that is gone or another's. */
export async function runningPostmaster(data: string): Promise<Postmaster | undefined> {
  const postmaster = await readPostmaster(data);
  return postmaster !== undefined && (await servesData(postmaster.pid, data)) ? postmaster : undefined;
}

/** How long a leftover server may take to write its checkpoint before it is told to stop at once. */
const PATIENCE_MS = 30_000;

/**
 * Makes the data free for a new server: stops one that a killed run has left, as cleanly as it can, and removes a
 * `postmaster.pid` whose process is gone (PostgreSQL itself would trip over one whose number was given to another).
 */
export async function stopLeftoverServer(data: string): Promise<void> {
  const leftover = await readPostmaster(data);
  if (leftover === undefined) return;
  for (let waitedMs = 0; await servesData(leftover.pid, data); waitedMs += 50) {
    if (waitedMs === 0) process.kill(leftover.pid, 'SIGINT');
    if (waitedMs === PATIENCE_MS) process.kill(leftover.pid, 'SIGQUIT');
    if (waitedMs > 2 * PATIENCE_MS)
      throw new StorageError(
        'storage.postgres-stuck',
        `A PostgreSQL server of an earlier run (process ${leftover.pid}) does not stop; end it and try again.`,
        { retryable: true },
      );
    await sleep(50);
  }
  await rm(join(data, 'postmaster.pid'), { force: true });
}

/** Whether a process is alive and a PostgreSQL server on these data: its working folder is the data folder. */
async function servesData(pid: number, data: string): Promise<boolean> {
  if (process.platform === 'linux') {
    const folder = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
    return folder !== undefined && folder === (await realpath(data));
  }
  const { status, output } = await runProgram('ps', ['-o', 'command=', '-p', String(pid)]);
  return status === 0 && output.includes('postgres') && output.includes(data);
}
