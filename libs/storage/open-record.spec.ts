import 'reflect-metadata';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../../test/postgres/test-server.ts';
import { explainDatabaseError } from './database-errors.ts';
import { explainFileError } from './blobs/file-errors.ts';
import { listExperiments } from './figures/experiments.ts';
import { openRecord } from './open-record.ts';
import { insertExperiment } from './statements/submit-experiment.ts';

const folder = mkdtempSync(join(tmpdir(), 'airtune-open-'));
chmodSync(folder, 0o755);
const others = new Set<ChildProcess>();
afterAll(() => {
  for (const other of others) other.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

const EMBEDDED = new URL('./embedded/embedded-postgres.ts', import.meta.url).href;
const LOCK = new URL('./home-lock.ts', import.meta.url).href;

const row = { name: 'e', method: 'pftt', seed: 1, rounds: 1, spec: {}, base: {}, globalDigest: 'd', globalBytes: 1 };

/** Another process that locks a home, starts its server, says so, and stays until it is killed. */
async function otherProcess(home: string) {
  const program = `
    const { lockHome } = await import(${JSON.stringify(LOCK)});
    const { startEmbeddedPostgres } = await import(${JSON.stringify(EMBEDDED)});
    await lockHome(${JSON.stringify(home)});
    await startEmbeddedPostgres(${JSON.stringify(home)});
    console.log('ready');
    setInterval(() => {}, 1000);`;
  const options = ['--conditions=airtune-source', '--disable-warning=ExperimentalWarning', '--input-type=module'];
  const child = spawn(process.execPath, [...options, '-e', program], { stdio: ['ignore', 'pipe', 'ignore'] });
  others.add(child);
  await once(child.stdout, 'data');
  return {
    async kill() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function experiments(home: string): Promise<string[]> {
  const record = await openRecord({ home });
  try {
    return (await record.use(listExperiments)).map(({ experiment }) => experiment);
  } finally {
    await record.close();
  }
}

function postmasterOf(home: string): number {
  return Number(readFileSync(join(home, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
}

describe('the embedded record', () => {
  const home = join(folder, 'home');

  it('keeps what was written, from one opening to the next', async () => {
    const record = await openRecord({ home });
    await record.use((db) => insertExperiment(db, { id: 'kept', ...row, submittedAt: new Date(0) }));
    await record.close();
    await record.close();
    expect(await experiments(home)).toEqual(['kept']);
  });

  it('belongs to one run at a time; others may look on', async () => {
    const record = await openRecord({ home });
    await expect(openRecord({ home })).rejects.toMatchObject({ code: 'storage.home-in-use' });
    await expect(openRecord({ home })).rejects.toThrow(`${home} is in use by process ${process.pid} (airtune`);
    const onlooker = await openRecord({ home, access: 'shared' });
    expect(await onlooker.use(listExperiments)).toHaveLength(1);
    await onlooker.close();
    expect(await record.use(listExperiments)).toHaveLength(1);
    await record.close();
    const alone = await openRecord({ home, access: 'shared' });
    expect(await alone.use(listExperiments)).toHaveLength(1);
    await alone.close();
  });

  it('is taken over from a process that was killed, whose server stops by itself', async () => {
    const other = await otherProcess(home);
    await expect(openRecord({ home })).rejects.toMatchObject({ code: 'storage.home-in-use' });
    await other.kill();
    expect(await experiments(home)).toEqual(['kept']);
  });

  it('survives the SIGKILL of its server too, and a postmaster.pid whose number was given to another process', async () => {
    const other = await otherProcess(home);
    process.kill(postmasterOf(home), 'SIGKILL');
    await other.kill();
    expect(await experiments(home)).toEqual(['kept']);
    const stale = `${process.pid}\n${join(home, 'postgres', 'data')}\n1\n1\n\n127.0.0.1\n\nready\n`;
    writeFileSync(join(home, 'postgres', 'data', 'postmaster.pid'), stale);
    expect(await experiments(home)).toEqual(['kept']);
  });
});

/** Only root runs the server as somebody else, who cannot get through a closed folder. */
const asRoot = process.getuid?.() === 0 ? it : it.skip;

asRoot('a home under a closed folder has its database elsewhere, and finds it again', async () => {
  const closed = join(folder, 'closed');
  mkdirSync(closed, { mode: 0o700 });
  const home = join(closed, 'home');
  expect(await experiments(home)).toEqual([]);
  const location = readFileSync(join(home, 'postgres', 'location'), 'utf8').trim();
  try {
    expect(existsSync(join(home, 'postgres', 'data'))).toBe(false);
    expect(location.startsWith(join(tmpdir(), 'airtune', 'database-'))).toBe(true);
    expect(readFileSync(join(location, 'home'), 'utf8').trim()).toBe(home);
    const record = await openRecord({ home });
    await record.use((db) => insertExperiment(db, { id: 'elsewhere', ...row, submittedAt: new Date(0) }));
    await record.close();
    expect(await experiments(home)).toEqual(['elsewhere']);
    rmSync(home, { recursive: true });
    expect(await experiments(home)).toEqual([]);
    rmSync(`${location}-2`, { recursive: true });
  } finally {
    rmSync(location, { recursive: true });
  }
});

describe('an external database', () => {
  let server: TestServer;
  let url: string;
  beforeAll(async () => {
    server = await startTestServer();
    url = await server.createDatabase();
  });
  afterAll(() => server.stop());

  async function codeFor(databaseUrl: string): Promise<unknown> {
    try {
      const record = await openRecord({ home: join(folder, 'external'), databaseUrl });
      await record.close();
      return 'opened';
    } catch (error) {
      const { message } = error as Error;
      expect(message).not.toContain('secret');
      return (error as { code?: unknown }).code;
    }
  }

  it('is opened by two processes at once, and migrated by one of them', async () => {
    const both = ['a', 'b'].map((name) => openRecord({ home: join(folder, name), databaseUrl: url }));
    for (const record of await Promise.all(both)) await record.close();
    expect(await codeFor(url)).toBe('opened');
  });

  it('that cannot be used gives an error of its own for each cause', async () => {
    const change = (parts: Partial<URL>) => Object.assign(new URL(url), parts).toString();
    expect(await codeFor(change({ port: '1' }))).toBe('storage.database-unreachable');
    expect(await codeFor(change({ hostname: 'nowhere.invalid' }))).toBe('storage.database-unreachable');
    expect(await codeFor(change({ password: 'secret' }))).toBe('storage.database-credentials');
    expect(await codeFor(change({ username: 'nobody', password: 'secret' }))).toBe('storage.database-credentials');
    expect(await codeFor(change({ pathname: '/absent' }))).toBe('storage.database-missing');
  });

  it('that belongs to somebody who may not create a schema says so', async () => {
    const other = await server.createDatabase();
    await server.run(other, `DROP ROLE IF EXISTS visitor; CREATE ROLE visitor LOGIN PASSWORD 'secret'`);
    const visitor = Object.assign(new URL(other), { username: 'visitor', password: 'secret' }).toString();
    expect(await codeFor(visitor)).toBe('storage.database-permission');
  });

  it('that a newer Airtune has written is left alone', async () => {
    const newer = await server.createDatabase();
    expect(await codeFor(newer)).toBe('opened');
    await server.run(
      newer,
      `INSERT INTO airtune.migration (timestamp, name) VALUES (9999999999999, 'FromTheFuture9999')`,
    );
    expect(await codeFor(newer)).toBe('storage.schema-newer');
  });
});

const proc = existsSync('/proc/self') ? it : it.skip;

proc('a home where no folder can be made is refused at once', async () => {
  await expect(openRecord({ home: '/proc/airtune' })).rejects.toMatchObject({ code: 'storage.not-writable' });
});

it('a full disk is named as such, whoever noticed it', () => {
  const full = Object.assign(new Error('could not extend file'), { code: '53100' });
  expect(explainDatabaseError(full, 'The database')).toMatchObject({ code: 'storage.disk-full', retryable: true });
  const noSpace = Object.assign(new Error('write'), { code: 'ENOSPC' });
  expect(explainFileError(noSpace, '/x')).toMatchObject({ code: 'storage.disk-full', retryable: true });
});
