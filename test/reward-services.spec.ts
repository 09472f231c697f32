import 'reflect-metadata';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { auditExperiment } from '#audit';
import {
  completionsRefused,
  type completionsSubmitted,
  type DataOf,
  type Envelope,
  type ExperimentSpec,
} from '#contracts';
import { InProcessPublisher, SystemClock } from '#events';
import { roundFigures } from '#storage';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { listRegistry, registerModel, retireModel } from '../apps/cli/commands/reward/registry.ts';
import { showCompletions } from '../apps/cli/commands/show-completions.ts';
import { openSuperuser } from './postgres/open-superuser.ts';
import { startTestServer, type TestServer } from './postgres/test-server.ts';
import { KafkaLaboratory } from './kafka-run.ts';
import { testKafka } from './kafka/test-kafka.ts';
import { digestsOf, Laboratory, REWARD_MODELS, smallPfitSpec } from './whole-run.ts';

const kafka = await testKafka();

/** The second experiment of this laboratory: that which services judge. */
const JUDGED = 'small-pfit-2';

const SPARSITY = { attention: 0.4 };

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
    sparsity: SPARSITY,
  });
}

/** A reward model that is a module, whose scores are an expression of `items`. */
async function moduleFile(folder: string, name: string, scores: string): Promise<string> {
  const path = join(folder, `${name}.mjs`);
  const range = '{ lowest: 0, highest: 1 }';
  await writeFile(
    path,
    `export default { name: '${name}', version: '1', range: ${range}, score: (items) => ${scores} };`,
  );
  return path;
}

async function until(holds: () => boolean): Promise<void> {
  for (let waitedMs = 0; !holds() && waitedMs < 60_000; waitedMs += 20) await sleep(20);
  expect(holds()).toBe(true);
}

describe('a run that learns from rewards', () => {
  let server: TestServer;
  let databaseUrl: string;
  let folder: string;
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
    folder = await mkdtemp(join(tmpdir(), 'airtune-rewards-'));
    // Says that it is there, and then nothing.
    const mute = await moduleFile(folder, 'mute', `items[0].prompt === 'Are you there?' ? [0] : new Promise(() => {})`);
    laboratory = await Laboratory.open({ databaseUrl, rewardModels: [...REWARD_MODELS, mute], threads: 1 });
    superuser = await openSuperuser(databaseUrl);
  });

  afterAll(async () => {
    await superuser.end();
    await laboratory.close();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  it('comes to the same digests judged at the site and by services', async () => {
    const expected = digestsOf(await run(smallPfitSpec({ sparsity: SPARSITY })));
    expect(said('completions.submitted')).toEqual([]);
    expect(digestsOf(await run(judgedByServices()))).toEqual(expected);
    // Two clients, two models: three evaluations, two rounds of two iterations, and one for itself that is evaluated too.
    expect(said('completions.scored')).toHaveLength(2 * 2 * (3 + 2 * 2 + 2));
  }, 240_000);

  (kafka === undefined ? it.skip : it)(
    'and over Kafka from two sites',
    async () => {
      if (kafka === undefined) throw new Error('there is no broker');
      const expected = digestsOf(await run(judgedByServices()));
      const distributed = await KafkaLaboratory.open(kafka.settings({ partitions: 2 }), REWARD_MODELS);
      try {
        expect(digestsOf(await distributed.run(judgedByServices()))).toEqual(expected);
        expect(distributed.deadLetters).toEqual([]);
        expect(distributed.faults).toEqual([]);
      } finally {
        await distributed.close();
      }
    },
    240_000,
  );

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
    // Each of two clients: four evaluations on 6 instructions, two rounds of two iterations of 4 completions and one for
    // itself; few are empty.
    expect(counts!.rows).toBe(2 * counts!.earned);
    expect(counts!.earned).toBeGreaterThan(2 * 30);
    expect(counts!.earned).toBeLessThanOrEqual(2 * (4 * 6 + 2 * 2 * 4 + 4));
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
    const mute = { safety: { model: 'mute', weight: 0.5 } };
    const { broker, coordinatorBlobs: blobs } = laboratory.system;
    const stranger = new InProcessPublisher({
      broker,
      blobs,
      source: 'reward-model/stranger',
      clock: new SystemClock(),
    });
    // Who was not asked cannot refuse.
    const stopRefusing = broker.watch(({ type, data, experiment }) => {
      const { request, round, iteration, client, site, model } = data as DataOf<typeof completionsSubmitted>;
      if (type !== 'completions.submitted' || model !== 'mute') return;
      const asked = { request, round, iteration, client, site };
      const refusal = { ...asked, model: 'stranger', code: 'none', message: 'no', retryable: false };
      void stranger.publish(completionsRefused, refusal, { experiment });
    });
    await run(judgedByServices({ rewards: { timeoutMs: 300, ...mute } }));
    stopRefusing();
    expect(said('completions.refused')).not.toEqual([]);
    expect(said('upload.sent')).toEqual([]);
    expect(said('upload.withheld')).toHaveLength(4);
    expect(said('upload.withheld')[0]).toMatchObject({
      reason: 'rewards-missing',
      message: expect.stringContaining('mute did not answer within 300 ms'),
    });
    expect(said('evaluation.reported').slice(0, 4)).toEqual(
      [1, 2, 3, 4].map(() => expect.objectContaining({ unmeasured: expect.stringContaining('mute') })),
    );
    expect(said('round.abandoned')).toHaveLength(2);
  }, 120_000);

  it('leaves a client what is shared when nobody judges what it tries for itself, and records why', async () => {
    // Judges evaluations, and no rollouts.
    const scores = `{ if (items.length < 5 && items[0].prompt !== 'Are you there?') throw new Error('tired'); return items.map(() => 0.5); }`;
    const settings = { home: laboratory.home, threads: 1, databaseUrl };
    const console = { stdout: { write: () => true } } as never;
    await registerModel(await moduleFile(laboratory.home, 'tired', scores), settings, undefined, console);
    await laboratory.system.serveRegistered(['tired']);
    const closing = await run(judgedByServices({ rewards: { safety: { model: 'tired', weight: 0.5 } } }));
    for (const { own, reward } of closing.clients) {
      expect(own).toMatchObject({ digest: closing.globalDigest, reward, gain: { mean: 0 } });
      expect(own!.untuned).toMatch(/^rewards-missing: .*tired/);
    }
    const { record, coordinatorBlobs: blobs } = laboratory.system;
    expect(await auditExperiment(closing.experiment, { record, blobs })).toMatchObject({ findings: [] });
    // Who says that it kept what is shared must hold it.
    const one = `WHERE experiment_id = '${closing.experiment}' AND arm = 'own' AND client = 'client-0'`;
    await superuser.query(`UPDATE airtune.evaluation SET shared_digest = 'sha256:0' ${one}`);
    const { findings } = await auditExperiment(closing.experiment, { record, blobs });
    expect(findings.map(({ code }) => code)).toEqual(expect.arrayContaining(['row.changed', 'figures.untuned']));
  }, 120_000);

  it('leaves out a reward model that is away, for everyone, and records it', async () => {
    const nobody = { safety: { model: 'reward-nobody', weight: 0.5 } };
    const closing = await run(judgedByServices({ rewards: { healthTimeoutMs: 300, ...nobody } }));
    const { record, coordinatorBlobs: blobs } = laboratory.system;
    const { experiment } = closing;
    expect(said('round.opened')).toEqual([1, 2, 3].map(() => expect.objectContaining({ leftOut: ['safety'] })));
    expect(said('upload.sent')).toHaveLength(4);
    expect(closing.clients.map(({ reward }) => Object.keys(reward!.components))).toEqual([
      ['helpfulness'],
      ['helpfulness'],
    ]);
    // A decoder of its own would lack what the client weighs too.
    expect(closing.clients.map(({ own }) => own!.untuned)).toEqual(
      [1, 2].map(() => expect.stringContaining('The last round goes without safety')),
    );
    const rounds = await record.use((db) => roundFigures(db, experiment));
    expect(rounds.map(({ leftOutRewards }) => leftOutRewards)).toEqual([['safety'], ['safety'], ['safety']]);
    expect(await auditExperiment(experiment, { record, blobs })).toMatchObject({ verdict: 'intact', findings: [] });
    await superuser.query(`UPDATE airtune.reward_presence SET model = 'reward-nobody' WHERE experiment_id = $1`, [
      experiment,
    ]);
    const { findings } = await auditExperiment(experiment, { record, blobs });
    expect(new Set(findings.map(({ code }) => code))).toEqual(
      new Set(['row.missing', 'row.extra', 'figures.left-out']),
    );
  }, 120_000);

  it('waits for a reward model that is away where the spec says so', async () => {
    const late = { safety: { model: 'late', weight: 0.5 }, whenAway: 'wait', healthTimeoutMs: 200 };
    const running = run(judgedByServices({ rewards: late }));
    await until(() => said('reward-models.awaited').length > 2);
    expect(said('round.opened')).toEqual([]);
    const out: string[] = [];
    const console = { stdout: { write: (text: string) => out.push(text) } } as never;
    const settings = { home: laboratory.home, threads: 1, databaseUrl };
    await registerModel(
      await moduleFile(laboratory.home, 'late', 'items.map(() => 0.5)'),
      settings,
      undefined,
      console,
    );
    expect(out.join('')).toContain('late, version 1, is registered');
    await laboratory.system.serveRegistered(['late']);
    const closing = await running;
    expect(said('round.opened').every((round) => !('leftOut' in (round as object)))).toBe(true);
    expect(closing.clients.map(({ reward }) => Object.keys(reward!.components).sort())).toEqual([
      ['helpfulness', 'safety'],
      ['helpfulness', 'safety'],
    ]);
    await listRegistry({ json: false }, settings, undefined, console);
    expect(out.join('')).toMatch(/late +1 +0 to 1/);
    await retireModel('late', settings, undefined, console);
    await expect(run(judgedByServices({ rewards: late }))).rejects.toThrow('late is retired');
  }, 120_000);

  it('shows nothing of a client that does not share: its site must have the models', async () => {
    const profiles = { 'client-0': { shareCompletions: true } };
    await expect(run(judgedByServices({ profiles }))).rejects.toThrow(
      /client-1 does not share its completions, and this site has no reward model reward-helpfulness/,
    );
    expect(said('completions.submitted')).toEqual([]);
  }, 120_000);
});
