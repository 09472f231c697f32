import 'reflect-metadata';
import { chmod, mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ExperimentRecord, openRecord } from '#storage';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { base, specOf } from './coordinator/other-side.ts';
import { World, type WorldOutcome } from './coordinator/world.ts';
import { startTestServer, type TestServer } from './postgres/test-server.ts';

/** As a service on Kafka does: what may pass is waited for. */
const PATIENT = { retries: { firstMs: 20, mostMs: 200, forMs: Infinity } };

/** Handlers try again several times meanwhile, and whoever looks after them looks twice. */
const LASTS_MS = 1500;

let folder: string;
let server: TestServer;
let undisturbed: WorldOutcome;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'airtune-hindrances-'));
  await chmod(folder, 0o755);
  server = await startTestServer(join(folder, 'server'));
  undisturbed = await inWorld(await opened(await server.createDatabase()), (world) => run(world));
}, 60_000);

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

function opened(databaseUrl: string, ownerUrl?: string): Promise<ExperimentRecord> {
  return openRecord({ home: join(folder, 'home'), databaseUrl, ownerUrl, access: 'shared' });
}

async function inWorld<T>(record: ExperimentRecord, work: (world: World) => Promise<T>): Promise<T> {
  const world = new World(join(folder, 'world'), record);
  try {
    return await work(world);
  } finally {
    await world.close();
    await record.close();
  }
}

/** A run of two rounds; in the first of them, between the first upload and its record, something may happen. */
async function run(
  world: World,
  happen?: { begin: () => Promise<void>; end: () => Promise<void> },
): Promise<WorldOutcome> {
  const send = world.broker.send.bind(world.broker);
  const over = Promise.withResolvers<undefined>();
  let begun: Promise<void> | undefined;
  world.broker.send = async (letter, parcel) => {
    if (letter.type === 'upload.delivered') {
      begun ??= happen?.begin().then(() => {
        happen.end().then(() => {
          over.resolve(undefined);
        }, over.reject);
      });
      await begun;
    }
    await send(letter, parcel);
  };
  const experiments = await world.coordinator({ custody: 'all', server: PATIENT });
  await experiments.submit('hindered', specOf(), base);
  if (happen !== undefined) await over.promise;
  await world.finished('hindered');
  return world.outcome('hindered');
}

/** Something that keeps a database from its work, and its end. */
interface Hindrance {
  readonly what: string;
  readonly code: RegExp;
  /** The database, and how to connect to it: as this user, and as the owner of its schema. */
  readonly open: () => Promise<{ readonly databaseUrl: string; readonly ownerUrl: string }>;
  readonly begin: (databaseUrl: string) => Promise<void>;
  readonly end: (databaseUrl: string) => Promise<void>;
  /** What an operator is told to do. */
  readonly cure: RegExp;
}

async function ordinary() {
  const databaseUrl = await server.createDatabase();
  return { databaseUrl, ownerUrl: databaseUrl };
}

const nameOf = (url: string): string => new URL(url).pathname.slice(1);
const maintenance = (url: string): string => Object.assign(new URL(url), { pathname: '/postgres' }).toString();

async function breakConnections(url: string, administrator: string): Promise<void> {
  await server.run(
    administrator,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${nameOf(url)}' AND pid <> pg_backend_pid()`,
  );
}

const readOnly: Hindrance = {
  what: 'that becomes read-only',
  code: /^storage\.database-read-only$/,
  cure: /is read-only.*Name its primary by DATABASE_URL/,
  open: ordinary,
  begin: (url) => setReadOnly(url, 'on'),
  end: (url) => setReadOnly(url, 'off'),
};

async function setReadOnly(url: string, value: 'on' | 'off'): Promise<void> {
  await server.run(url, `ALTER SYSTEM SET default_transaction_read_only = ${value}`);
  await server.run(url, 'SELECT pg_reload_conf()');
  await sleep(100);
}

const refusing: Hindrance = {
  what: 'that breaks connections and takes none',
  code: /^storage\.database-busy$/,
  cure: /takes no connection just now.*or wait/,
  open: ordinary,
  begin: async (url) => {
    await server.run(maintenance(url), `ALTER DATABASE ${nameOf(url)} ALLOW_CONNECTIONS false`);
    await breakConnections(url, maintenance(url));
  },
  end: (url) => server.run(maintenance(url), `ALTER DATABASE ${nameOf(url)} ALLOW_CONNECTIONS true`),
};

let superuserUrl = '';
const otherPassword: Hindrance = {
  what: 'whose password is changed under it',
  code: /^storage\.database-credentials$/,
  cure: /refused user or password.*Correct DATABASE_URL/,
  open: async () => {
    superuserUrl = await server.createDatabase();
    await (await opened(superuserUrl)).close();
    await server.run(
      superuserUrl,
      `DROP ROLE IF EXISTS tenant; CREATE ROLE tenant LOGIN PASSWORD 'first'; GRANT airtune_service TO tenant`,
    );
    const databaseUrl = Object.assign(new URL(superuserUrl), { username: 'tenant', password: 'first' }).toString();
    return { databaseUrl, ownerUrl: superuserUrl };
  },
  begin: async (url) => {
    await server.run(superuserUrl, `ALTER ROLE tenant PASSWORD 'second'`);
    await breakConnections(url, superuserUrl);
  },
  end: () => server.run(superuserUrl, `ALTER ROLE tenant PASSWORD 'first'`),
};

/** A small disk for databases; what is written ahead has room elsewhere. Needs a right to mount, which a container seldom has. */
const disk = join(tmpdir(), `airtune-small-disk-${String(process.pid)}`);
const filler = join(disk, 'filler');
const canMount = process.getuid?.() === 0 && process.platform === 'linux' && mountDisk();

function mountDisk(): boolean {
  spawnSync('mkdir', ['-p', disk]);
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=40m,mode=755', 'tmpfs', disk]).status === 0;
}

afterAll(async () => {
  if (canMount) spawnSync('umount', ['-l', disk]);
  await rm(disk, { recursive: true, force: true });
});

let tablespaces = 0;

async function onSmallDisk() {
  const databaseUrl = await server.createDatabase();
  const name = `small_${String((tablespaces += 1))}`;
  const data = join(disk, name);
  await mkdir(data);
  spawnSync('chown', [`--reference=${join(folder, 'server', 'postgres', 'data')}`, data]);
  await server.run(databaseUrl, `CREATE TABLESPACE ${name} LOCATION '${data}'`);
  await server.run(maintenance(databaseUrl), `ALTER DATABASE ${nameOf(databaseUrl)} SET TABLESPACE ${name}`);
  return { databaseUrl, ownerUrl: databaseUrl };
}

async function fillDisk(): Promise<void> {
  const file = await open(filler, 'w');
  const block = Buffer.alloc(4096);
  try {
    for (;;) await file.write(block);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' });
  } finally {
    await file.close();
  }
}

const full: Hindrance = {
  what: 'whose disk is full',
  code: /^storage\.disk-full$/,
  cure: /has no disk space left.*Free some space/,
  open: onSmallDisk,
  begin: fillDisk,
  end: () => rm(filler),
};

const hindrances = [readOnly, refusing, otherPassword, ...(canMount ? [full] : [])];

describe.each(hindrances.map((hindrance) => [hindrance.what, hindrance] as const))('a database %s', (_, hindrance) => {
  it('in the middle of a round is waited for, told of once with its cure, and nothing is lost', async () => {
    const { databaseUrl, ownerUrl } = await hindrance.open();
    const record = await opened(databaseUrl, ownerUrl);
    const told = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    try {
      const outcome = await inWorld(record, (world) =>
        run(world, {
          begin: () => hindrance.begin(databaseUrl),
          end: async () => {
            await sleep(LASTS_MS);
            const refusal: unknown = await record.check().catch((error: unknown) => error);
            expect(refusal).toMatchObject({ code: expect.stringMatching(hindrance.code), retryable: true });
            await hindrance.end(databaseUrl);
          },
        }),
      );
      expect(outcome).toEqual(undisturbed);
      const lines = told.mock.calls.map(([line]) => String(line)).filter((line) => line.endsWith('everything waits.'));
      expect(lines).toContainEqual(expect.stringMatching(hindrance.cure));
      expect(new Set(lines).size).toBe(lines.length);
    } finally {
      told.mockRestore();
    }
  }, 30_000);
});

describe('at boot', () => {
  async function refusalOf(databaseUrl: string): Promise<unknown> {
    try {
      await inWorld(await opened(databaseUrl), (world) => world.coordinator({ custody: 'all' }));
      return 'started';
    } catch (error) {
      return error;
    }
  }

  it('a database that is read-only, empty or in use, ends the coordinator with the cause and its cure', async () => {
    const [empty, used] = [await server.createDatabase(), await server.createDatabase()];
    expect(await refusalOf(used)).toBe('started');
    await setReadOnly(used, 'on');
    try {
      for (const url of [empty, used])
        expect(await refusalOf(url)).toMatchObject({
          code: 'storage.database-read-only',
          message: expect.stringMatching(readOnly.cure),
        });
    } finally {
      await setReadOnly(used, 'off');
    }
    expect(await refusalOf(empty)).toBe('started');
  }, 30_000);

  (canMount ? it : it.skip)(
    'a full disk does, and leaves nothing half made',
    async () => {
      const { databaseUrl: url } = await onSmallDisk();
      await fillDisk();
      try {
        expect(await refusalOf(url)).toMatchObject({
          code: 'storage.disk-full',
          message: expect.stringMatching(full.cure),
        });
      } finally {
        await rm(filler);
      }
      expect(await refusalOf(url)).toBe('started');
    },
    30_000,
  );
});
