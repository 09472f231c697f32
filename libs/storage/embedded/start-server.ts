import { spawn, type ChildProcess } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StorageError } from '../storage-error.ts';
import { readPostmaster } from './postmaster-file.ts';
import { serverEnvironment, type ProgramUser } from './run-program.ts';

/**
 * Becomes PostgreSQL, and leaves a watcher behind that stops it, cleanly, once standard input ends: when the process that
 * started it dies, by SIGKILL too, no server is left over. The watcher is orphaned at once, so that the server has no
 * child that it does not know.
 */
const UNTIL_PARENT_DIES = `exec 3<&0
( ( trap '' INT HUP; while read -r _ <&3; do :; done; kill -INT $$ ) >/dev/null 2>&1 & )
exec "$@" </dev/null 3<&-`;

/** Small and quiet: one machine, a few connections, none from outside. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '50',
  shared_buffers: '32MB',
  max_wal_size: '256MB',
  jit: 'off',
  log_min_messages: 'warning',
  timezone: 'UTC',
};

/** Recovery after a power cut replays at most max_wal_size; minutes would mean that something else is wrong. */
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 30_000;

export interface RunningServer {
  readonly port: number;
  readonly pid: number | undefined;
  /** Resolves when it has ended, however it did, with how. */
  readonly ended: Promise<string>;
  /** Stops it cleanly; safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts a server on `<folder>/data`, on a port of 127.0.0.1 (a free one unless named), and waits until it accepts
 * connections.
 */
export async function startServer(
  folder: string,
  postgres: string,
  user: ProgramUser,
  namedPort?: number,
): Promise<RunningServer> {
  for (let attempt = 1; ; attempt++) {
    const port = namedPort ?? (await freePort());
    const child = await launch(folder, postgres, port, user);
    const ended = endOf(child);
    if (await becameReady(child, join(folder, 'data'))) return { port, pid: child.pid, ended, stop: () => stop(child) };
    const log = await readFile(join(folder, 'postgres.log'), 'utf8');
    // Somebody took the port in between, or the children of a killed server have not all gone yet.
    const passing = /Address already in use|shared memory block .* still in use/.test(log);
    if (!passing || attempt === 10) throw startFailed(folder, log);
    await sleep(200);
  }
}

async function launch(folder: string, postgres: string, port: number, user: ProgramUser): Promise<ChildProcess> {
  const log = await open(join(folder, 'postgres.log'), 'w', 0o600);
  const settings = Object.entries({ ...SETTINGS, port }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const command = [postgres, '-D', join(folder, 'data'), ...settings];
  const [program = postgres, ...args] =
    process.platform === 'win32' ? command : ['/bin/sh', '-c', UNTIL_PARENT_DIES, 'airtune-postgres', ...command];
  const child = spawn(program, args, {
    ...user,
    cwd: '/',
    env: serverEnvironment(),
    stdio: ['pipe', log.fd, log.fd],
    // In a session of its own, so that Ctrl-C in the terminal does not stop the database before the run has ended.
    detached: true,
  });
  child.on('error', () => child.stdin?.destroy());
  await log.close();
  return child;
}

async function becameReady(child: ChildProcess, data: string): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS; waitedMs += 10) {
    if (child.pid === undefined || hasEnded(child)) return false;
    const postmaster = await readPostmaster(data);
    if (postmaster?.pid === child.pid && postmaster.ready) {
      // The server must not keep its parent alive; its parent's end is what ends it.
      child.unref();
      (child.stdin as unknown as { unref(): void } | null)?.unref();
      return true;
    }
    await sleep(10);
  }
  await stop(child);
  return false;
}

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = new Promise<void>((resolve) => child.once('exit', resolve));
  child.ref();
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGQUIT'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
  child.stdin?.destroy();
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve(signal ?? `exit code ${code ?? 'unknown'}`);
    });
  });
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function startFailed(folder: string, log: string): StorageError {
  if (log.includes('No space left on device'))
    return new StorageError(
      'storage.disk-full',
      `The disk is full: the database in ${folder} could not be started. Free some space there; nothing that was committed is lost.`,
      {
        retryable: true,
      },
    );
  if (log.includes('database files are incompatible'))
    return new StorageError(
      'storage.cluster-version',
      `The database in ${folder} was made by another major version of PostgreSQL. Dump it with that version, or use another AIRTUNE_HOME.`,
    );
  return new StorageError(
    'storage.postgres-failed',
    `PostgreSQL did not start on ${folder}: ${log.trim().split('\n').slice(-3).join(' ')} (the whole log: ${join(folder, 'postgres.log')})`,
  );
}
