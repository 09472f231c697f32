import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../../test/postgres/test-server.ts';
import { withCommit } from './connection.ts';
import { recordDataSource } from './data-source.ts';
import { findExperiment } from './figures/experiments.ts';
import { openRecord } from './open-record.ts';
import type { ExperimentRecord } from './record.ts';
import {
  closeRound,
  insertRound,
  latestRound,
  listCohort,
  listOpenRounds,
  noteAnswered,
  openPlannedRound,
} from './statements/change-round.ts';
import { listClients } from './statements/find-clients.ts';
import { listAccepted, listPrunable } from './statements/find-contributions.ts';
import { recordHistory, type HistoryRow } from './statements/record-history.ts';
import { roundHistory } from './statements/round-history.ts';
import { insertExperiment, lockExperiment, moveExperiment } from './statements/submit-experiment.ts';

const at = new Date('2026-01-01T12:00:00Z');
const experimentId = 'pftt-1';
const client = 'client-0';
const key = { experimentId, number: 1 };

/** Adds a row of a table once more, with some columns changed. */
function copyOf(table: string, changes: string): string {
  return `INSERT INTO airtune.${table} OVERRIDING SYSTEM VALUE
    SELECT (json_populate_record(t, to_json(c))).* FROM airtune.${table} AS t, (SELECT ${changes}) AS c LIMIT 1`;
}

describe('the record', () => {
  let server: TestServer;
  let record: ExperimentRecord;
  let url: string;
  let home: string;

  beforeAll(async () => {
    server = await startTestServer();
    url = await server.createDatabase();
    home = mkdtempSync(join(tmpdir(), 'airtune-record-'));
    record = await openRecord({ home, databaseUrl: url });
  });
  afterAll(async () => {
    await record.close();
    await server.stop();
    rmSync(home, { recursive: true });
  });

  it('has in its tables what the entities say, column for column', async () => {
    const dataSource = await recordDataSource(url).initialize();
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    await dataSource.destroy();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('takes an experiment once', async () => {
    const experiment = { id: experimentId, name: 'pftt', method: 'pftt', seed: 2 ** 52, rounds: 2, spec: {}, base: {} };
    const row = { ...experiment, globalDigest: 'sha256:0', globalBytes: 5_000_000_000, submittedAt: at };
    expect(await record.use((db) => insertExperiment(db, row))).toBe(true);
    expect(await record.use((db) => insertExperiment(db, row))).toBe(false);
    const stored = await record.transaction((db) => lockExperiment(db, experimentId));
    expect(stored).toMatchObject({ revision: 0, globalBytes: 5_000_000_000, state: 'enrolling', endedAt: null });
    expect(await record.use((db) => findExperiment(db, experimentId))).toMatchObject({
      seed: 2 ** 52,
      submittedAt: at,
    });
    await record.use((db) => moveExperiment(db, experimentId, { state: 'running' }));
  });

  it('takes a client once, with its first profile', async () => {
    const counts = { trainExamples: 10, personalTestExamples: 5, generalTestExamples: 5 };
    const parameters = { sharedParameters: 100, personalParameters: 50, labels: ['a', 'b'], labelHistogram: [3, 7] };
    const said = {
      baseDigest: 'b',
      basePrecision: 'fp32',
      dataDigest: 'd',
      deviceClass: 'phone',
      majorityClassAccuracy: 0.7,
      publicKey: null,
      signature: null,
      notes: null,
      enrolledAt: at,
    };
    const row = { experimentId, name: client, site: 'local', ...counts, ...parameters, ...said };
    const profile = { deviceClass: 'phone', loraRank: 8, loraAlpha: 16, loraBlocks: 'all', rewardWeights: null };
    const first = { version: 1, effectiveFromRound: 1, recordedAt: at };
    const rows: HistoryRow[] = [
      { table: 'client', row },
      { table: 'client_profile', row: { ...profile, experimentId, client, ...first } },
    ];
    const added = await record.transaction((db) => recordHistory(db, rows));
    expect(added.map(({ table }) => table)).toEqual(['client', 'client_profile']);
    expect(await record.transaction((db) => recordHistory(db, rows))).toEqual([]);
    expect((await record.use((db) => listClients(db, experimentId))).map(({ name }) => name)).toEqual([client]);
  });

  it('follows a round from plan to commit, and reads it back', async () => {
    const link = { meanSnrUplinkDb: 5, meanSnrDownlinkDb: 5 };
    const rates = { ergodicUplinkBitsPerSecondPerHz: 1.7, ergodicDownlinkBitsPerSecondPerHz: 1.7 };
    const cohort = [{ experimentId, round: 1, client, site: 'local', ...link, ...rates, keep: 0.6 }];
    const plan = { ...key, purpose: 'training' as const, globalBeforeDigest: 'sha256:0', globalBeforeBytes: 1 };
    await record.use(async (db) => {
      await insertRound(db, { ...plan, deadlineMs: 60_000, plannedAt: at });
      expect(
        await openPlannedRound(db, key, { openedAt: at, timeoutMs: 60_000, channelOrder: null, leftOut: [] }),
      ).toMatchObject({
        stage: 'open',
        opened_at: at.toISOString(),
      });
      expect(
        await openPlannedRound(db, key, { openedAt: at, timeoutMs: 60_000, channelOrder: null, leftOut: [] }),
      ).toBeUndefined();
      const [open] = await listOpenRounds(db);
      expect(open).toMatchObject(key);
      expect(open?.leftMs).toBeGreaterThan(0);
      expect(open?.leftMs).toBeLessThanOrEqual(60_000);
      await noteAnswered(db, key);
      const add = async (...rows: HistoryRow[]) => (await recordHistory(db, rows)).length;
      expect(await add(...cohort.map((row) => ({ table: 'cohort_member' as const, row })))).toBe(1);
      expect(await listCohort(db, key)).toMatchObject(cohort);

      const transmission = {
        bits: 8,
        bitsDelivered: 8,
        meanSnrDb: 5,
        blocks: 1,
        attempts: 1,
        delayMs: 1,
        airtimeMs: 1,
      };
      const crossing = { experimentId, round: 1, client, ...transmission, energyJ: 1, outcome: 'delivered' as const };
      const row = { ...crossing, reason: null, recordedAt: at };
      expect(await add({ table: 'transmission', row: { ...row, direction: 'downlink' } })).toBe(1);
      expect(await add({ table: 'transmission', row: { ...row, direction: 'downlink', delayMs: 99 } })).toBe(0);

      const upload = {
        experimentId,
        round: 1,
        client,
        bytes: 1,
        examples: 10,
        recordedAt: at,
        answers: null,
        head: null,
        signature: null,
      };
      const refused = { ...upload, verdict: 'refused' as const, weight: null, reasonCode: 'double', reasonMessage: '' };
      const accepted = { ...upload, verdict: 'accepted' as const, weight: 10, reasonCode: null, reasonMessage: null };
      expect(await add({ table: 'contribution', row: { ...accepted, digest: 'sha256:1' } })).toBe(1);
      expect(await add({ table: 'contribution', row: { ...accepted, digest: 'sha256:2' } })).toBe(0);
      expect(await add({ table: 'contribution', row: { ...refused, digest: 'sha256:2' } })).toBe(1);
      expect(await add({ table: 'contribution', row: { ...refused, digest: 'sha256:2' } })).toBe(0);
      expect((await listAccepted(db, experimentId, 1)).map(({ digest }) => digest)).toEqual(['sha256:1']);

      const scores = { personalCorrect: 1, personalExamples: 2, personalAccuracy: 0.5, personalLossNats: 1 };
      const general = { generalCorrect: 1, generalExamples: 2, generalAccuracy: 0.5, generalLossNats: 1 };
      const untold = { reward: null, unmeasuredReason: null, tuning: null, untunedReason: null };
      const evaluation = {
        experimentId,
        client,
        afterRound: 0,
        arm: 'federated',
        sharedDigest: 's',
        personalDigest: 'p',
      };
      expect(
        await add({
          table: 'evaluation',
          row: { ...evaluation, ...scores, ...general, ...untold, recordedAt: at },
        }),
      ).toBe(1);

      expect(await roundHistory(db, key)).toEqual({
        crossings: [{ client, direction: 'downlink', outcome: 'delivered' }],
        verdicts: [
          { client, verdict: 'accepted', digest: 'sha256:1' },
          { client, verdict: 'refused', digest: 'sha256:2' },
        ],
        evaluations: [{ client, arm: 'federated' }],
      });
      const after = { globalAfterDigest: 'sha256:3', globalAfterBytes: 1, closedAt: at, abandonReason: null };
      const ending = { stage: 'committed' as const, timedOut: false, missingClients: [], ...after };
      expect(await closeRound(db, key, ending)).toMatchObject({ stage: ending.stage });
      expect(await closeRound(db, key, ending)).toBeUndefined();
      expect((await latestRound(db, experimentId))?.stage).toBe('committed');
      expect(await listPrunable(db, experimentId, 1)).toEqual(['sha256:1', 'sha256:2']);
    });
  });

  it.each([
    ['an unknown client', `INSERT INTO airtune.cohort_member VALUES ('pftt-1', 1, 'mallory', 's', 1, 1, 1, 1)`],
    ['a negative delay', copyOf('transmission', `1 AS round, 'uplink' AS direction, -1 AS delay_ms`)],
    ['a loss without a reason', copyOf('transmission', `1 AS round, 'uplink' AS direction, 'lost' AS outcome`)],
    ['an accepted upload without weight', copyOf('contribution', `NULL::double precision AS weight`)],
    ['an accuracy above 1', copyOf('evaluation', `'local-only' AS arm, 1.1 AS personal_accuracy`)],
    ['a decoder of its own that nobody tuned', copyOf('evaluation', `'own' AS arm`)],
    ['a shared model that was tuned for one', copyOf('evaluation', `'local-only' AS arm, '{}'::jsonb AS tuning`)],
    ['an open round that was closed', `UPDATE airtune.round SET stage = 'open'`],
    ['a failure without its reason', `UPDATE airtune.experiment SET state = 'failed'`],
  ])('refuses %s by itself', async (_, sql) => {
    await expect(record.use((db) => db.query(sql))).rejects.toThrow(/violates/);
  });

  it('undoes a transaction as a whole', async () => {
    const half = record.transaction(async (db) => {
      await moveExperiment(db, experimentId, { globalDigest: 'sha256:4' });
      throw new Error('power cut');
    });
    await expect(half).rejects.toThrow('power cut');
    const stored = await record.transaction((db) => lockExperiment(db, experimentId));
    expect(stored?.globalDigest).toBe('sha256:0');
  });

  it('sends a commit right behind the last statements, and tells of the first that fails', async () => {
    const move = (state: string) =>
      record.transaction((db) => {
        withCommit(db, moveExperiment(db, experimentId, { globalDigest: 'sha256:5' }));
        withCommit(db, moveExperiment(db, experimentId, { state: state as 'running' }));
        withCommit(db, moveExperiment(db, experimentId, { globalBytes: 5 }));
        return Promise.resolve('done');
      });
    await expect(move('asleep')).rejects.toThrow(/experiment_state/);
    const read = () => record.transaction((db) => lockExperiment(db, experimentId));
    expect(await read()).toMatchObject({ globalDigest: 'sha256:0', globalBytes: 5_000_000_000 });
    expect(await move('running')).toBe('done');
    expect(await read()).toMatchObject({ globalDigest: 'sha256:5', globalBytes: 5 });
  });
});
