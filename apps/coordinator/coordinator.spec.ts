import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BaseModel } from '#contracts';
import { InProcessBroker, InProcessPublisher, InProcessServer, startService, SystemClock } from '#events';
import { digestOf, encodeSafetensors, type NamedTensors } from '#parameters';
import { BlobStore, closingFigures, type ExperimentRecord, openRecord, openSigningKey, roundFigures } from '#storage';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestMicroservice } from '@nestjs/common';
import { adapter, base, initial, OtherSide, specOf } from '../../test/coordinator/other-side.ts';
import { startTestServer, type TestServer } from '../../test/postgres/test-server.ts';
import { CoordinatorModule } from './coordinator.module.ts';
import { Experiments } from './experiments.ts';
import { Turns } from './turns.ts';

describe('the coordinator', () => {
  let server: TestServer;
  let record: ExperimentRecord;
  let folder: string;
  let broker: InProcessBroker;
  let service: INestMicroservice;
  let side: OtherSide;
  let faults: string[];

  beforeAll(async () => {
    server = await startTestServer();
    folder = mkdtempSync(join(tmpdir(), 'airtune-coordinator-'));
    record = await openRecord({ home: join(folder, 'home'), databaseUrl: await server.createDatabase() });
  });
  afterAll(async () => {
    await record.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => start());
  afterEach(async () => {
    await service.close();
  });

  /** A coordinator with nothing in memory, as after a restart. */
  async function start(): Promise<void> {
    broker = new InProcessBroker();
    faults = [];
    broker.onFault(({ type, error }) => faults.push(`${type}: ${error.message}`));
    const blobs = new BlobStore(join(folder, 'coordinator'));
    await blobs.put(initial);
    side = new OtherSide(broker, new BlobStore(join(folder, 'other')), blobs);
    const clock = new SystemClock();
    const signer = await openSigningKey(join(folder, 'keys'));
    const publisher = new InProcessPublisher({ broker, source: 'coordinator', blobs, clock });
    const module = CoordinatorModule.register({ publisher, clock, record, blobs, signer });
    service = await startService(
      module,
      new InProcessServer(broker, { service: 'coordinator', concurrency: 64 }, blobs),
    );
  }

  /** Until nobody has anything to say any more. */
  async function settled(): Promise<void> {
    for (let said = -1; said !== side.heard.length;) {
      said = side.heard.length;
      await side.settled(broker);
      await service.get(Turns).settled();
    }
  }

  async function run(id: string, changes: Record<string, unknown> = {}): Promise<void> {
    await service.get(Experiments).submit(id, specOf(changes), base);
    await settled();
    expect(faults).toEqual([]);
  }

  async function rows<T>(sql: string, ...parameters: unknown[]): Promise<T[]> {
    return record.use((db) => db.query<T[]>(sql, parameters));
  }

  async function globalOf(id: string): Promise<string | undefined> {
    const sql = `SELECT global_digest AS digest FROM airtune.experiment WHERE id = $1 AND state = 'finished'`;
    return (await rows<{ digest: string }>(sql, id))[0]?.digest;
  }

  it('takes an experiment from submission to its last evaluation', async () => {
    await run('whole');
    expect(side.types()).toEqual([
      'experiment.submitted',
      'round.planned',
      'round.opened',
      'round.committed',
      'round.planned',
      'round.opened',
      'round.committed',
      'round.planned',
      'round.opened',
      'experiment.finished',
    ]);
    // Each client adds its number to what it gets: weighted by 10, 20, 30 examples that is 8/6 a round.
    const expected = Math.fround(Math.fround(8 / 6) + 0);
    const second = new Float32Array(2).fill(
      (10 * expected + 20 * Math.fround(expected + 1) + 30 * Math.fround(expected + 2)) / 60,
    );
    expect(await globalOf('whole')).toBe(digestOf(encodeSafetensors(adapter(...second))));
    const figures = await record.use((db) => roundFigures(db, 'whole'));
    expect(figures.map(({ stage, delivered: { uplink } }) => [stage, uplink])).toEqual([
      ['committed', 3],
      ['committed', 3],
      ['evaluated', 0],
    ]);
    const closing = await record.use((db) => closingFigures(db, 'whole'));
    expect(closing).toMatchObject({ rounds: 2, cost: { uplinkBytes: 600, downlinkBytes: 900 }, clients: [{}, {}, {}] });
  });

  it('comes to the same digest in whatever order uploads arrive', async () => {
    side.order = (cohort) => cohort.toReversed();
    await run('reversed');
    expect(await globalOf('reversed')).toBe(await globalOf('whole'));
  });

  it('leaves the global model alone when aggregation is switched off', async () => {
    await run('switched-off', { aggregation: { rule: 'none' } });
    expect(await globalOf('switched-off')).toBe(digestOf(initial));
  });

  it('goes on without what was lost or withheld, and abandons a round in which too few arrive', async () => {
    const endings = { 'client-0': 'download-lost', 'client-1': 'upload-lost', 'client-2': 'withheld' } as const;
    side.conduct = (round, client) => (round === 1 ? endings[client as keyof typeof endings] : adapter(1, 1));
    await run('losses');
    expect(side.types()).toContain('round.abandoned');
    expect(await globalOf('losses')).toBe(digestOf(encodeSafetensors(adapter(1, 1))));
    const [round] = await rows('SELECT stage, abandon_reason FROM airtune.round WHERE experiment_id = $1', 'losses');
    expect(round).toEqual({ stage: 'abandoned', abandon_reason: '0 of 3 uploads arrived; at least 1 must' });
  });

  it('refuses what is not what it should be, records why, and averages the rest', async () => {
    const bad: Record<string, NamedTensors | Uint8Array> = {
      'client-0': adapter(1, NaN),
      'client-1': new Map([...adapter(1, 1), ['lora.0.query.a', { shape: [1], data: new Float32Array(1) }]]),
      'client-2': adapter(4, 4),
    };
    side.conduct = (_, client) => bad[client]!;
    await run('refusals', { rounds: 1 });
    const sql =
      'SELECT client, verdict, reason_code, weight FROM airtune.contribution WHERE experiment_id = $1 ORDER BY client';
    expect(await rows(sql, 'refusals')).toEqual([
      { client: 'client-0', verdict: 'refused', reason_code: 'non-finite-tensor', weight: null },
      { client: 'client-1', verdict: 'refused', reason_code: 'foreign-tensor', weight: null },
      { client: 'client-2', verdict: 'accepted', reason_code: null, weight: 30 },
    ]);
    expect(await globalOf('refusals')).toBe(digestOf(encodeSafetensors(adapter(4, 4))));
  });

  it('goes on from wherever it was cut, to the same digest', async () => {
    const wanted = await globalOf('whole');
    for (let cut = 1; cut < 60; cut += 6) {
      const id = `cut-${cut}`;
      let facts = 0;
      const stop = broker.watch(() => {
        facts += 1;
        if (facts === cut) side.dead = true;
      });
      await service.get(Experiments).submit(id, specOf(), base);
      await settled();
      stop();
      await service.close();
      await start();
      await service.get(Experiments).resume(id);
      await settled();
      expect(faults).toEqual([]);
      expect([cut, await globalOf(id)]).toEqual([cut, wanted]);
    }
  });

  it('closes a round whose time is up, says who was missing, and is not moved by what comes later', async () => {
    side.conduct = (_, client) => (client === 'client-1' ? 'silent' : adapter(2, 2));
    await run('late', { rounds: 1, round: { timeoutMs: 1000 } });
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await settled();
    const sql = 'SELECT stage, timed_out, missing_clients FROM airtune.round WHERE experiment_id = $1 ORDER BY number';
    expect((await rows(sql, 'late'))[0]).toEqual({
      stage: 'committed',
      timed_out: true,
      missing_clients: ['client-1'],
    });
    expect(await globalOf('late')).toBe(digestOf(encodeSafetensors(adapter(2, 2))));
  });

  it('fails when clients have not enrolled in time, names them, and goes on once their site is there', async () => {
    side.homeless = ['client-0', 'client-2'];
    await run('alone', { enrolment: { timeoutMs: 1000 } });
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await settled();
    const [failed] = await rows(
      'SELECT state, failure_code, failure_message FROM airtune.experiment WHERE id = $1',
      'alone',
    );
    expect(failed).toEqual({
      state: 'failed',
      failure_code: 'enrolment.missing',
      failure_message: expect.stringMatching(
        /^No site has enrolled client-0, client-2 within 1 s .*airtune resume alone/,
      ),
    });
    const noted = `SELECT covers FROM airtune.ledger WHERE experiment_id = 'alone' AND kind = 'enrolment.missing'`;
    expect(await rows(noted)).toMatchObject([{ covers: { missing: ['client-0', 'client-2'], waited_ms: 1000 } }]);
    side.homeless = [];
    await service.get(Experiments).resume('alone');
    await settled();
    expect(await globalOf('alone')).toBe(await globalOf('whole'));
  });

  it('says again and again who is missing where it shall wait, and goes on when they come', async () => {
    side.homeless = ['client-1'];
    await run('patient', { enrolment: { timeoutMs: 1000, whenMissing: 'wait' } });
    const noted = `SELECT covers FROM airtune.ledger WHERE experiment_id = 'patient' AND kind = 'enrolment.missing'`;
    for (let waited = 0; waited < 100 && (await rows(noted)).length < 2; waited += 1)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await rows(noted)).toMatchObject([
      { covers: { missing: ['client-1'], then: 'wait' } },
      { covers: { missing: ['client-1'], then: 'wait' } },
    ]);
    await side.enrol('patient', 'client-1');
    await settled();
    expect(await globalOf('patient')).toBe(await globalOf('whole'));
  });

  it('fails an experiment whose client holds another base model, and says why', async () => {
    side.examples.set('client-0', 10);
    const other: BaseModel = { ...base, digest: digestOf(new Uint8Array([2])) };
    await service.get(Experiments).submit('wrong-base', specOf(), other);
    await settled();
    const failed = side.heard.find(({ type }) => type === 'experiment.failed');
    expect(failed?.data).toMatchObject({ code: 'enrolment.wrong-base' });
    await expect(service.get(Experiments).submit('wrong-base', specOf(), base)).rejects.toMatchObject({
      code: 'experiment.exists',
    });
  });

  it('fails an experiment whose client computes its base in another precision than its profile says', async () => {
    side.examples.set('client-0', 10);
    await run('wrong-precision', { profiles: { 'client-1': { base: { precision: 'int8' } } } });
    const failed = side.heard.find(
      ({ type, experiment }) => type === 'experiment.failed' && experiment === 'wrong-precision',
    );
    expect(failed?.data).toMatchObject({
      code: 'enrolment.wrong-precision',
      message: expect.stringMatching(/client-1 .* in fp32, the experiment asks it for int8/),
    });
  });
});
