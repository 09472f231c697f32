import { link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { explainFileError } from './blobs/file-errors.ts';
import { runProgram } from './embedded/run-program.ts';
import { codeOf, StorageError } from './storage-error.ts';

interface Holder {
  readonly pid: number;
  /** When the process started, as the system counts: tells it from a later one with the same number. */
  readonly started: string;
  readonly command: string;
}

/**
 * Takes a home for this process and returns the function that gives it back. Throws `storage.home-in-use`, naming the
 * holder; the lock of a process that no longer lives, by SIGKILL or power cut, is taken over.
 */
export async function lockHome(home: string): Promise<() => Promise<void>> {
  const path = join(home, 'lock');
  const mine = `${path}.${process.pid}`;
  const command = ['airtune', ...process.argv.slice(2)].join(' ').slice(0, 200);
  const holder: Holder = { pid: process.pid, started: (await startOf(process.pid)) ?? 'unknown', command };
  try {
    await makeFolder(home);
    await writeFile(mine, JSON.stringify(holder));
    while (!(await linked(mine, path))) await removeIfStale(path, home);
  } catch (error) {
    // A read-only file system refuses a new folder with ENOENT.
    const what = codeOf(error) === 'ENOENT' ? Object.assign(new Error('it cannot be made'), { code: 'EROFS' }) : error;
    throw explainFileError(what, home);
  } finally {
    // Where it could not be written, it cannot be removed either.
    await rm(mine, { force: true }).catch(() => undefined);
  }
  return () => rm(path, { force: true });
}

/** As a recursive mkdir, which tries for ever where a file system refuses a new folder by saying that it is not there. */
async function makeFolder(path: string): Promise<void> {
  if (await isFolder(path)) return;
  const above = dirname(path);
  if (above !== path) await makeFolder(above);
  try {
    await mkdir(path);
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (!(await isFolder(path))) throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** The process that works in a home just now; undefined when none does. */
export async function holderOf(home: string): Promise<{ readonly pid: number; readonly command: string } | undefined> {
  const text = await readFile(join(home, 'lock'), 'utf8').catch(() => '');
  const holder = parse(text);
  if (holder === undefined || (await startOf(holder.pid)) !== holder.started) return undefined;
  return { pid: holder.pid, command: holder.command };
}

/** Linking creates the lock together with its content, or fails because there is one. */
async function linked(mine: string, path: string): Promise<boolean> {
  return link(mine, path).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    },
  );
}

async function removeIfStale(path: string, home: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const holder = parse(text);
  if (holder !== undefined && (await startOf(holder.pid)) === holder.started)
    throw new StorageError(
      'storage.home-in-use',
      `${home} is in use by process ${holder.pid} (${holder.command}). Wait until it has ended, or name another folder by AIRTUNE_HOME.`,
      { retryable: true },
    );
  // Renamed first and looked at again: between reading and removing, another process may have taken it over.
  const aside = `${path}.stale.${process.pid}`;
  await rename(path, aside).catch(() => undefined);
  if ((await readFile(aside, 'utf8').catch(() => text)) !== text) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

function parse(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return undefined;
  }
}

/** When a process started; undefined when there is none of that number. */
async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const [boot, stat] = await Promise.all(
      ['/proc/sys/kernel/random/boot_id', `/proc/${pid}/stat`].map((path) => readFile(path, 'utf8').catch(() => '')),
    );
    // Field 22, counted after the command's closing bracket, is the start in clock ticks since boot; field 3 the state.
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
    return fields.length > 19 && fields[0] !== 'Z' ? `${boot?.trim()}/${fields[19]}` : undefined;
  }
  const { status, output } = await runProgram('ps', ['-o', 'lstart=', '-p', String(pid)]);
  return status === 0 ? output : undefined;
}
