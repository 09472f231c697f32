import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { auditExperiment } from '#audit';
import { Clock } from '#events';
import { BlobStore, type ExperimentRecord, openRecord } from '#storage';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { adapter, base, specOf } from './coordinator/other-side.ts';
import { World, type WorldOutcome } from './coordinator/world.ts';
import { startTestServer, type TestServer } from './postgres/test-server.ts';

const HOUR_MS = 3_600_000;
const JUMPS = [
  ['three days forwards', 72 * HOUR_MS],
  ['five hours backwards', -5 * HOUR_MS],
] as const;

/** Longer than the run takes, and than a look at deadlines. */
const TIMEOUT_MS = 4000;

/** The wall clock of the coordinator's machine, which somebody sets. */
class SetClock extends Clock {
  offMs = 0;

  now(): Date {
    return new Date(new Date().getTime() + this.offMs);
  }
}

let folder: string;
let server: TestServer;
let databaseUrl: string;
let record: ExperimentRecord;
let world: World;
let clock: SetClock;
let undisturbed: WorldOutcome;

/** The database's clock goes by a function of this name that is found before the one of PostgreSQL. */
const FAKED = `CREATE SCHEMA faked; CREATE TABLE faked.clock (off interval NOT NULL); INSERT INTO faked.clock VALUES ('0');
  CREATE FUNCTION faked.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE SECURITY DEFINER AS
    'SELECT pg_catalog.clock_timestamp() + off FROM faked.clock'; GRANT USAGE ON SCHEMA faked TO PUBLIC`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'airtune-clock-'));
  server = await startTestServer();
  databaseUrl = await server.createDatabase();
  await server.run(databaseUrl, FAKED);
  const faked = new URL(databaseUrl);
  faked.searchParams.set('options', '-c search_path=faked,pg_catalog');
  record = await openRecord({ home: join(folder, 'home'), databaseUrl: faked.toString(), ownerUrl: databaseUrl });
}, 60_000);

afterAll(async () => {
  await record.close();
  await server.stop();
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  world = new World(folder, record);
  clock = new SetClock();
  await setDatabaseClock(0);
});

afterEach(() => world.close());

async function setDatabaseClock(ms: number): Promise<void> {
  await server.run(databaseUrl, `UPDATE faked.clock SET off = '${String(ms)} milliseconds'`);
}

async function setAllClocks(ms: number): Promise<void> {
  clock.offMs = ms;
  await setDatabaseClock(ms);
}

/** What an audit finds beside the crossings, which the other side makes up. */
async function findings(id: string): Promise<string[]> {
  const report = await auditExperiment(id, { record, blobs: new BlobStore(join(folder, 'blobs')) });
  return report.findings.map(({ code }) => code).filter((code) => !code.startsWith('radio.'));
}

const spec = (changes: object = {}) => specOf({ round: { timeoutMs: TIMEOUT_MS }, ...changes });

beforeAll(async () => {
  const first = new World(folder, record);
  const experiments = await first.coordinator();
  await experiments.submit('undisturbed', spec(), base);
  await first.settled();
  undisturbed = await first.outcome('undisturbed');
  await first.close();
});

async function rounds(id: string): Promise<unknown[]> {
  return world.rows(
    'SELECT number, stage, timed_out AS late, missing_clients AS missing FROM airtune.round WHERE experiment_id = $1 ORDER BY number',
    id,
  );
}

describe.each(JUMPS)('clocks that are set %s in the middle of a round', (direction, ms) => {
  it('close no round, lose no contribution, and leave a record that an audit finds intact', async () => {
    const id = `jump-${direction.replaceAll(' ', '-')}`;
    const send = world.broker.send.bind(world.broker);
    let set: Promise<void> | undefined;
    world.broker.send = async (letter, parcel) => {
      if (letter.type === 'upload.delivered') {
        // Whoever looks at deadlines has seen this one; then the clocks jump, and are looked at again.
        set ??= sleep(800).then(async () => {
          await setAllClocks(ms);
          await sleep(1200);
        });
        await set;
      }
      await send(letter, parcel);
    };
    const experiments = await world.coordinator({ custody: 'all', clock });
    await experiments.submit(id, spec(), base);
    await world.finished(id);
    expect(await world.outcome(id)).toEqual(undisturbed);
    const closed = { late: false, missing: [] };
    expect(await rounds(id)).toMatchObject([closed, closed, closed]);
    expect(await findings(id)).toEqual([]);
  }, 20_000);

  it('close a round without whoever is silent neither sooner nor much later than its spec says', async () => {
    const id = `silent-${direction.replaceAll(' ', '-')}`;
    world.side.conduct = (_, client) => (client === 'client-1' ? 'silent' : adapter(2, 2));
    const experiments = await world.coordinator({ custody: 'all', clock });
    const begun = performance.now();
    await experiments.submit(id, spec({ rounds: 1 }), base);
    await sleep(800);
    await setAllClocks(ms);
    let closedMs = 0;
    while (closedMs === 0 && performance.now() < begun + 4 * TIMEOUT_MS) {
      await sleep(50);
      const [first] = (await rounds(id)) as { stage: string }[];
      if (first?.stage === 'committed') closedMs = performance.now() - begun;
    }
    expect(closedMs).toBeGreaterThan(TIMEOUT_MS);
    expect(closedMs).toBeLessThan(TIMEOUT_MS + 2500);
    expect((await rounds(id))[0]).toMatchObject({ late: true, missing: ['client-1'] });
  }, 30_000);

  it('neither end an experiment that waits for its clients, nor keep it waiting for longer', async () => {
    const id = `roll-${direction.replaceAll(' ', '-')}`;
    world.side.homeless = ['client-2'];
    const experiments = await world.coordinator({ custody: 'all', clock });
    await experiments.submit(id, spec({ enrolment: { timeoutMs: TIMEOUT_MS } }), base);
    await sleep(800);
    await setAllClocks(ms);
    await sleep(1200);
    expect(await world.outcome(id)).toMatchObject({ state: 'enrolling' });
    await sleep(TIMEOUT_MS - 1000);
    expect(await world.outcome(id)).toMatchObject({ state: 'failed', kinds: { 'enrolment.missing': 1 } });
  }, 20_000);

  it('keep nobody from taking over a round that was open', async () => {
    const id = `restart-${direction.replaceAll(' ', '-')}`;
    const experiments = await world.coordinator({ clock });
    world.side.conduct = () => 'silent';
    await experiments.submit(id, spec(), base);
    await world.settled();
    await world.close();
    await setAllClocks(ms);
    world = new World(folder, record);
    await world.coordinator({ custody: 'all', clock });
    await world.finished(id);
    expect(await world.outcome(id)).toEqual(undisturbed);
  }, 20_000);
});
