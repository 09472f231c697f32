import 'reflect-metadata';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { auditExperiment } from '#audit';
import type { Envelope, ExperimentSpec } from '#contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { showCompletions } from '../apps/cli/commands/show-completions.ts';
import { startTestServer, type TestServer } from './postgres/test-server.ts';
import { KafkaLaboratory } from './kafka-run.ts';
import { testKafka } from './kafka/test-kafka.ts';
import { digestsOf, Laboratory, REWARD_MODELS, smallPfitSpec } from './whole-run.ts';

const kafka = await testKafka();

/** The second experiment of this laboratory: that which services judge. */
const JUDGED = 'small-pfit-2';

/** The same run, judged by services; clients share their completions with them. */
function judgedByServices(changes: { readonly rewards?: object; readonly profiles?: object } = {}): ExperimentSpec {
  const share = { shareCompletions: true };
  const own = { rewards: { helpfulness: 0.9, safety: 0.1 } };
  return smallPfitSpec({
    rewards: {
      helpfulness: { model: 'reward-helpfulness', weight: 0.5 },
      safety: { model: 'reward-safety', weight: 0.5 },
      ...changes.rewards,
    },
    profiles: changes.profiles ?? { 'client-0': share, 'client-1': { ...share, ...own } },
  });
}

describe('a run that learns from rewards', () => {
  let server: TestServer;
  let databaseUrl: string;
  let superuser: pg.Client;
  let laboratory: Laboratory;
  let facts: Envelope[] = [];
  const run = (spec: ExperimentSpec) => {
    facts = [];
    return laboratory.run(spec, (fact) => facts.push(fact));
  };
  const said = (type: string) => facts.filter((fact) => fact.type === type).map(({ data }) => data);

  beforeAll(async () => {
    server = await startTestServer();
    databaseUrl = await server.createDatabase();
    laboratory = await Laboratory.open({ databaseUrl, rewardModels: REWARD_MODELS, threads: 1 });
    superuser = new pg.Client({ connectionString: databaseUrl });
    await superuser.connect();
    await superuser.query('SET session_replication_role = replica');
  });

  afterAll(async () => {
    await superuser.end();
    await laboratory.close();
    await server.stop();
  });

  it('comes to the same digests judged at the site, by services in one process, and over Kafka from two sites', async () => {
    const expected = digestsOf(await run(smallPfitSpec()));
    expect(said('completions.submitted')).toEqual([]);
    expect(digestsOf(await run(judgedByServices()))).toEqual(expected);
    // Two clients, two models: three evaluations and two rounds of two iterations.
    expect(said('completions.scored')).toHaveLength(2 * 2 * (3 + 2 * 2));
    if (kafka === undefined) return;
    const distributed = await KafkaLaboratory.open(kafka.settings({ partitions: 2 }), REWARD_MODELS);
    try {
      expect(digestsOf(await distributed.run(judgedByServices()))).toEqual(expected);
      expect(distributed.deadLetters).toEqual([]);
      expect(distributed.faults).toEqual([]);
    } finally {
      await distributed.close();
    }
  }, 240_000);

  it('leaves a row for each reward of each completion, under the ledger, and the texts at the site', async () => {
    const { record, coordinatorBlobs: blobs } = laboratory.system;
    const [counts] = await record.use((db) =>
      db.query<{ rows: number; earned: number; refused: number }[]>(
        `SELECT (SELECT count(*) FROM airtune.score WHERE experiment_id = $1)::int AS rows,
          count(*)::int AS earned, count(*) FILTER (WHERE refused)::int AS refused
          FROM airtune.what_completions_earned WHERE experiment = $1`,
        [JUDGED],
      ),
    );
    // Each of two clients: three evaluations on 6 instructions, two rounds of two iterations of 4 completions; few are empty.
    expect(counts!.rows).toBe(2 * counts!.earned);
    expect(counts!.earned).toBeGreaterThan(2 * 30);
    expect(counts!.earned).toBeLessThanOrEqual(2 * (3 * 6 + 2 * 2 * 4));
    expect(await auditExperiment(JUDGED, { record, blobs })).toMatchObject({ verdict: 'intact', findings: [] });

    const show = async () => {
      const out: string[] = [];
      const stdout = { write: (text: string) => out.push(text) };
      const options = { json: true, client: 'client-1', round: 2 };
      const settings = { home: laboratory.home, threads: 1, databaseUrl };
      const proved = await showCompletions(JUDGED, options, settings, undefined, { stdout, stderr: stdout } as never);
      const lines = out.map((line) => JSON.parse(line) as { completion: string; proved: boolean });
      return { proved, lines };
    };
    const { proved, lines } = await show();
    expect(proved).toBe(true);
    expect(lines.length).toBeGreaterThan(8);
    const folder = join(laboratory.home, 'sites', 'local', JUDGED, 'scores');
    for (const name of (await readdir(folder)).filter((file) => file.endsWith('.request.json'))) {
      const text = await readFile(join(folder, name), 'utf8');
      if (text.includes(lines[0]!.completion))
        await writeFile(join(folder, name), text.replaceAll(JSON.stringify(lines[0]!.completion), '"another"'));
    }
    const after = await show();
    expect(after.proved).toBe(false);
    expect(after.lines[0]).toMatchObject({ completion: 'another', proved: false });
  }, 60_000);

  it.each([
    [
      'a score that was raised',
      'UPDATE airtune.score SET standardised = standardised + 1',
      ['row.changed', 'figures.reward'],
    ],
    ['a score that was taken away', 'DELETE FROM airtune.score', ['row.missing', 'figures.reward']],
  ])(
    'finds out %s',
    async (_, tamper, codes) => {
      const { record, coordinatorBlobs: blobs } = laboratory.system;
      const one = `WHERE experiment_id = '${JUDGED}' AND iteration = 0 AND place = 0 AND round = 1 AND client = 'client-0' AND reward = 'safety'`;
      const before = await superuser.query(`SELECT * FROM airtune.score ${one}`);
      expect(before.rowCount).toBe(1);
      await superuser.query(`${tamper} ${one}`);
      try {
        const { verdict, findings } = await auditExperiment(JUDGED, { record, blobs });
        expect(verdict).toBe('touched');
        expect(findings.map(({ code }) => code).sort()).toEqual([...codes].sort());
      } finally {
        await superuser.query(`DELETE FROM airtune.score ${one}`);
        await superuser.query(`INSERT INTO airtune.score SELECT * FROM json_populate_record(NULL::airtune.score, $1)`, [
          JSON.stringify(before.rows[0]),
        ]);
      }
      expect(await auditExperiment(JUDGED, { record, blobs })).toMatchObject({ verdict: 'intact' });
    },
    60_000,
  );

  it('goes on when a reward model does not answer: uploads are withheld, evaluations not measured, both recorded', async () => {
    const nobody = { safety: { model: 'reward-nobody', weight: 0.5 } };
    const closing = await run(judgedByServices({ rewards: { timeoutMs: 300, ...nobody } }));
    expect(said('upload.sent')).toEqual([]);
    expect(said('upload.withheld')).toHaveLength(4);
    expect(said('upload.withheld')[0]).toMatchObject({
      reason: 'rewards-missing',
      message: expect.stringContaining('reward-nobody did not answer within 300 ms'),
    });
    expect(said('evaluation.reported')[0]).toMatchObject({ unmeasured: expect.stringContaining('reward-nobody') });
    expect(said('round.abandoned')).toHaveLength(2);
    expect(closing.clients.every(({ reward }) => reward === null)).toBe(true);
  }, 120_000);

  it('shows nothing of a client that does not share: its site must have the models', async () => {
    const profiles = { 'client-0': { shareCompletions: true } };
    await expect(run(judgedByServices({ profiles }))).rejects.toThrow(
      /client-1 does not share its completions, and this site has no reward model reward-helpfulness/,
    );
    expect(said('completions.submitted')).toEqual([]);
  }, 120_000);
});
