import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canStartLocalKafka } from '#local-kafka';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { expectIntact } from './process-faults.ts';
import { airtune } from '../services/command-line.ts';
import { Rig, until, type Run } from './rig.ts';
import type { TopicTap } from './topic-tap.ts';

const missing = await canStartLocalKafka(process.env);
const whereKafkaRuns = missing === undefined || process.env['AIRTUNE_REQUIRE_KAFKA'] === '1' ? describe : describe.skip;

const SITE = 'site-1';
const TRAINER = `trainer/${SITE}`;
const REQUESTS = 'airtune.reward.paced';
const ANSWERS = `airtune.site.${SITE}`;
const EVERYBODY = 'airtune.announcements';

/** A request as it is on the topic of its reward model. */
interface Asked {
  readonly request: string;
  readonly round: number;
  readonly client: string;
  readonly items: readonly unknown[];
}

whereKafkaRuns('reward models that are processes of their own', () => {
  let rig: Rig;
  let tap: TopicTap;
  const hold = () => join(rig.home, 'hold');

  beforeAll(async () => {
    rig = await Rig.start();
    await rig.serveRewardModel('brevity');
    await rig.serveRewardModel('paced');
    tap = await rig.tap(REQUESTS, ANSWERS, EVERYBODY);
  }, 120_000);

  afterEach(() => rm(hold(), { force: true }));

  afterAll(async () => {
    await tap.close();
    await rig.stop();
  }, 60_000);

  /** The requests that the site has stored of an experiment, or those of them whose scores it has stored. */
  async function stored(part: 'request' | 'answer', experiment: string): Promise<string[]> {
    const files = await readdir(join(rig.home, 'sites', SITE, experiment, 'scores')).catch(() => []);
    const ending = `.${part}.json`;
    const names = files.filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length));
    return names.map((name) => name.replace('-', ':')).sort();
  }

  const asked = (experiment: string) => tap.said(REQUESTS, experiment) as readonly Asked[];
  const given = (experiment: string, request: string) =>
    asked(experiment).filter((one) => one.request === request).length;

  it('are asked for nothing twice that is scored, when a trainer is killed while it waits', async () => {
    const { outcome: undisturbed } = await rig.run('paced');
    await rm(join(rig.home, 'paced.log'));
    const experiment = await rig.submit('paced');
    await until('a stored score', async () => (await stored('answer', experiment)).length > 0);
    await writeFile(hold(), '');
    const unanswered = async () => {
      const answers = new Set(await stored('answer', experiment));
      return (await stored('request', experiment)).filter((request) => !answers.has(request));
    };
    // Of those the model was asked before it was told to wait, answers may be on their way: only what it holds is without one.
    const heldBack = async (request: string) => {
      const held = await readFile(join(rig.home, 'paced-held.log'), 'utf8').catch(() => '');
      const items = asked(experiment).find((one) => one.request === request)?.items;
      return held.includes(createHash('sha256').update(JSON.stringify(items)).digest('hex'));
    };
    let waitedFor: string[] = [];
    await until('a request without an answer', async () => {
      waitedFor = await unanswered();
      const held = await Promise.all(waitedFor.map(heldBack));
      return waitedFor.length > 0 && !held.includes(false) && waitedFor.every((one) => given(experiment, one) === 1);
    });
    await rig.kill(TRAINER, { stayAway: true });
    const known = await stored('answer', experiment);
    expect(known.length).toBeGreaterThan(0);
    expect(await unanswered()).toEqual(waitedFor);

    // It comes back, waits again for what it waited for, and dies again; this time the scores come while it is away.
    await rig.bringBack(TRAINER);
    await until('it to ask again', () =>
      Promise.resolve(waitedFor.every((request) => given(experiment, request) === 2)),
    );
    await rig.kill(TRAINER, { stayAway: true });
    expect(await stored('answer', experiment)).toEqual(known);
    await rm(hold());
    await until('the scores', () => {
      const said = tap.said(ANSWERS, experiment) as readonly Partial<Asked>[];
      return Promise.resolve(waitedFor.every((request) => said.some((one) => one.request === request)));
    });
    await rig.bringBack(TRAINER);

    expect(await rig.untilEnded(experiment)).toEqual(undisturbed);
    await expectIntact(rig, experiment);
    await tap.caughtUp();
    expect(known.map((request) => given(experiment, request))).toEqual(known.map(() => 1));
    // Whatever was given twice was waited for as the trainer died; and each request was scored once.
    const requests = asked(experiment).map(({ request }) => request);
    const twice = new Set(requests.filter((request, i) => requests.indexOf(request) !== i));
    expect(twice).toEqual(new Set(waitedFor));
    const scored = (await readFile(join(rig.home, 'paced.log'), 'utf8')).trim().split('\n');
    expect(scored).toHaveLength(new Set(requests).size);
  }, 240_000);

  /** For each round, what it was opened without and which rewards each client's completions earned in it. */
  async function roundsOf(experiment: string): Promise<readonly string[]> {
    return rig.query(
      `SELECT concat_ws(' ', number, left_out_rewards::text, (
          SELECT string_agg(DISTINCT client || ':' || reward, ',' ORDER BY client || ':' || reward) FROM airtune.score AS s
          WHERE s.experiment_id = r.experiment_id AND s.round = r.number)) AS line
        FROM airtune.round AS r WHERE experiment_id = $1 ORDER BY number`,
      experiment,
    );
  }

  const awayNotes = (experiment: string) =>
    rig.query(
      `SELECT covers::text AS line FROM airtune.ledger WHERE experiment_id = $1 AND kind = 'rewards.away' ORDER BY entry`,
      experiment,
    );

  const BOTH = 'client-0:brevity,client-0:paced,client-1:brevity,client-1:paced';

  /** With both models from beginning to end, nobody is left out and nobody waited for. */
  let withBoth: Promise<Run> | undefined;
  const undisturbedWithBoth = async () => (await (withBoth ??= rig.run('awaiting'))).outcome;

  it('are left out of the round that they are away for, by every site, and of no other', async () => {
    const undisturbed = await undisturbedWithBoth();
    await rig.kill('reward-model/brevity', { stayAway: true });
    // Holds the first round up until the other is back.
    await writeFile(hold(), '');
    const experiment = await rig.submit('left-out');
    await until('a round without it', async () =>
      (await roundsOf(experiment)).some((line) => line.startsWith('1 ["brevity"]')),
    );
    await rig.bringBack('reward-model/brevity');
    await rm(hold());

    const outcome = await rig.untilEnded(experiment);
    expect(outcome).toMatchObject({ state: 'finished', deadLetters: [] });
    expect(await roundsOf(experiment)).toEqual([
      '1 ["brevity"] client-0:paced,client-1:paced',
      `2 [] ${BOTH}`,
      `3 [] ${BOTH}`,
    ]);
    expect(outcome.contributions).toHaveLength(undisturbed.contributions.length);
    expect(outcome.globalDigest).not.toBe(undisturbed.globalDigest);
    const [noted, ...more] = await awayNotes(experiment);
    expect(more).toEqual([]);
    expect(JSON.parse(noted!)).toMatchObject({
      round: 1,
      away: [{ reward: 'brevity', model: 'brevity', refused: null }],
      then: 'leave-out',
      message: expect.stringMatching(/goes on without them: brevity does not answer \(it was last heard of at /),
    });
    await expectIntact(rig, experiment);
  }, 240_000);

  it('are waited for where the spec says so, and the run comes to what it would have come to', async () => {
    const undisturbed = await undisturbedWithBoth();
    await rig.kill('reward-model/brevity', { stayAway: true });
    const experiment = await rig.submit('awaiting');
    const asked = () => tap.said(EVERYBODY, experiment).filter((said) => Object.hasOwn(said as object, 'models'));
    await until('it to be asked again and again', () => Promise.resolve(asked().length > 3));
    expect(await rig.query('SELECT stage AS line FROM airtune.round WHERE experiment_id = $1', experiment)).toEqual([
      'planned',
    ]);
    await rig.bringBack('reward-model/brevity');

    expect(await rig.untilEnded(experiment)).toEqual(undisturbed);
    expect(await roundsOf(experiment)).toEqual([`1 [] ${BOTH}`, `2 [] ${BOTH}`, `3 [] ${BOTH}`]);
    expect(await awayNotes(experiment)).toHaveLength(1);
    await expectIntact(rig, experiment);
  }, 240_000);

  it('are told of with cause and cure when nobody has ever started them', async () => {
    const experiment = await rig.submit('nobody');
    await until('a note in the ledger', async () => (await awayNotes(experiment)).length > 0);
    const [noted] = await awayNotes(experiment);
    const { message } = JSON.parse(noted!) as { message: string };
    expect(message).toMatch(/^Round 1 has waited for reward models for 0\.5 s, and waits: nobody does not answer/);
    expect(message).toContain('nobody has ever started it here');
    expect(message).toContain('AIRTUNE_KAFKA_BROKERS and AIRTUNE_KAFKA_PREFIX, then `airtune reward serve`');
    expect(await rig.logLines('coordinator', 'nobody has ever started it here')).toHaveLength(1);

    // Who follows it hears the same; and it can still be ended.
    const follower = airtune(['follow', experiment, '--coordinator', rig.coordinatorUrl], { AIRTUNE_HOME: rig.home });
    let said = '';
    follower.child.stderr?.on('data', (text: Buffer) => (said += text.toString()));
    await until('the note', () => Promise.resolve(said.includes(message)));
    follower.child.kill('SIGINT');
    await follower.outcome;
    await rig.cancel(experiment);
  }, 240_000);
});
