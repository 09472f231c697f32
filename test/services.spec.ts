import 'reflect-metadata';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { canStartLocalKafka } from '#local-kafka';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Published } from './openapi/published.ts';
import { airtune, closingDigests, closingOf, type Running } from './services/command-line.ts';
import { endUp, startUp, UP_MS, whenUp, type Up } from './services/start-up.ts';

const SPEC = `
name: small
method: pftt
seed: 3
rounds: 3
model: ${resolve(import.meta.dirname, '../models/tiny-encoder')}
data: { source: wordnet-topics, topics: [animal, food, person], limit: 300 }
clients: { count: 3 }
training: { steps: 4, batchSize: 8, maxTokens: 32 }
adapters: { width: 8 }
evaluation: { personalExamples: 20, generalExamples: 20 }
`;

interface Profile {
  readonly client: string;
  readonly effectiveFromRound: number;
}

/** Holds what a coordinator answers about an experiment with a history against what it publishes at `/docs`. */
async function everyAnswerIsAsDescribed(coordinator: string, experiment: string): Promise<void> {
  const published = await Published.of(coordinator);
  const empty: string[] = [];
  for (const route of published.routes.filter((one) => one.startsWith('GET') && !one.endsWith('/events'))) {
    const path = route.replace('GET ', '').replace('{id}', experiment);
    const response = await fetch(`${coordinator}${path}`);
    const body: unknown = route.endsWith('/metrics') ? await response.text() : await response.json();
    published.check('GET', path, response.status, response.headers.get('content-type'), body);
    if (Array.isArray(body) && body.length === 0) empty.push(path.split('/').at(-1) ?? '');
  }
  expect(empty.sort()).toEqual(['dead-letters', 'missing', 'scores']);
}

const missing = await canStartLocalKafka(process.env);
const whereKafkaRuns = missing === undefined || process.env['AIRTUNE_REQUIRE_KAFKA'] === '1' ? describe : describe.skip;

whereKafkaRuns('the whole system as services', () => {
  let folder: string;
  let spec: string;
  let variables: NodeJS.ProcessEnv;
  let services: Running;
  let up: Up;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'airtune-up-'));
    spec = join(folder, 'small.yaml');
    await writeFile(spec, SPEC);
    variables = {
      AIRTUNE_HOME: join(folder, 'home'),
      AIRTUNE_THREADS: '2',
      AIRTUNE_KAFKA_BROKERS: '',
      DATABASE_URL: '',
    };
    services = startUp(variables);
    up = await whenUp(services);
  }, UP_MS);

  afterAll(async () => {
    await endUp(services);
    await rm(folder, { recursive: true, force: true });
  }, UP_MS);

  function remote(...args: string[]): Running {
    return airtune(args, { ...variables, AIRTUNE_COORDINATOR: up.coordinator });
  }

  async function kill(part: string): Promise<void> {
    const state = JSON.parse(await readFile(join(folder, 'home', 'up.json'), 'utf8')) as Up;
    const { pid } = state.parts.find(({ name }) => name === part)!;
    // The broker is a group of its own: whoever keeps it, and itself.
    process.kill(part === 'broker' ? -pid : pid, 'SIGKILL');
  }

  it('is ready, each part at an address of its own, and is not started twice', async () => {
    expect(up.parts.map(({ name }) => name)).toEqual([
      ...['broker', 'database', 'coordinator', 'channel', 'trainer/site-0', 'trainer/site-1'],
    ]);
    const status = await airtune(['status', '--json'], variables).outcome;
    expect({ code: status.code, ...(JSON.parse(status.lines[0] ?? '{}') as object) }).toMatchObject({
      ...{ code: 0, running: true, ready: true, coordinator: up.coordinator },
    });
    for (const { address } of up.parts.filter(({ address }) => address.startsWith('http'))) {
      const metrics = await (await fetch(`${address}/metrics`)).text();
      expect(metrics).toMatch(/^airtune_consumer_lag\{/m);
    }
    expect(await airtune(['up', '--port', '0'], variables).outcome).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/is in use by process \d+ \(airtune up.*`airtune down` ends it/),
    });
  });

  it('keeps its own book of reward models and sites, from wherever it is asked', async () => {
    const path = resolve(import.meta.dirname, '../examples/reward-models/brevity.ts');
    expect(await remote('reward', 'register', path).outcome).toMatchObject({ code: 0 });
    expect(await remote('reward', 'retire', 'brevity').outcome).toMatchObject({ code: 0 });
    const listed = async () =>
      JSON.parse((await remote('reward', 'list', '--json').outcome).lines[0] ?? '{}') as object;
    expect(await listed()).toMatchObject({ name: 'brevity', path: null, retiredAt: expect.any(String) });
    expect(await remote('reward', 'register', 'brevity').outcome).toMatchObject({ code: 0 });
    expect(await listed()).toMatchObject({ name: 'brevity', retiredAt: null });
    expect(await remote('reward', 'retire', 'nobody').outcome).toMatchObject({ code: 2 });

    const key = 'A'.repeat(43);
    expect(await remote('site', 'add', 'far-away', '--key', key).outcome).toMatchObject({ code: 0 });
    const other = await remote('site', 'add', 'far-away', '--key', 'B'.repeat(43)).outcome;
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('under another key') });
    const { lines } = await remote('site', 'list', '--json').outcome;
    expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({ name: 'far-away', publicKey: key, trusted: 'by-operator' }),
    );
  });

  it('ends at the digests of a run in one process, whatever is killed on the way: services, broker, database', async () => {
    const inOneProcess = airtune(['run', spec, '--json', '--rounds', '5'], {
      ...variables,
      AIRTUNE_HOME: join(folder, 'alone'),
    });
    const disturbed = remote('run', spec, '--json', '--rounds', '5');
    await disturbed.line(/"event":"progress","round":1,.*"training":[1-9]/);
    await kill('trainer/site-1');
    await disturbed.line(/"event":"progress","round":2/);
    await kill('channel');
    await disturbed.line(/"event":"progress","round":3/);
    await kill('coordinator');
    await disturbed.line(/"event":"progress","round":4/);
    await kill('database');
    await disturbed.line(/"event":"progress","round":5/);
    await kill('broker');
    const outcome = await disturbed.outcome;
    const plan = JSON.parse(outcome.lines[0] ?? '{}') as { event: string; clients: { site: string }[] };
    expect(plan).toMatchObject({ event: 'experiment.planned', clients: [{}, {}, {}] });
    expect(new Set(plan.clients.map(({ site }) => site))).toEqual(new Set(['site-0', 'site-1']));
    expect(closingDigests(outcome)).toEqual(closingDigests(await inOneProcess.outcome));
  }, 300_000);

  it('goes on with a run that nobody watches any more, which can be followed, shown and exported where its model is', async () => {
    const left = remote('run', spec, '--json');
    await left.line(/"event":"progress","round":1/);
    left.child.kill('SIGINT');
    const { code, stderr } = await left.outcome;
    expect(code).toBe(130);
    const [, experiment = ''] = /airtune follow (small-[0-9a-f]+) --coordinator http/.exec(stderr) ?? [];
    const followed = await remote('follow', experiment, '--json').outcome;
    expect(closingOf(followed)).toMatchObject({ event: 'experiment.finished', experiment });
    expect(followed.lines.filter((line) => line.includes('"round.closed"'))).toHaveLength(3);
    const shown = await remote('show', experiment).outcome;
    expect(shown.lines[0]).toMatch(new RegExp(`^${experiment} · pftt · finished`));
    const audited = await remote('audit', experiment, '--witness', join(folder, 'home')).outcome;
    expect(audited).toMatchObject({ code: 0 });
    expect(audited.lines.filter((line) => line.startsWith('witness site-'))).toHaveLength(2);
    expect(audited.lines.at(-1)).toBe(`intact: the history of ${experiment} is what happened`);
    const exported = await remote('export', experiment, '--client', 'client-1', '--out', join(folder, 'm')).outcome;
    expect(exported).toMatchObject({ code: 0 });
    await everyAnswerIsAsDescribed(up.coordinator, experiment);
    const elsewhere = airtune(['export', experiment, '--client', 'client-1', '--out', join(folder, 'n')], {
      ...variables,
      AIRTUNE_COORDINATOR: up.coordinator,
      AIRTUNE_HOME: join(folder, 'elsewhere'),
    });
    expect(await elsewhere.outcome).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/the model of client-1 is at the site site-1 and does not leave it/),
    });
  }, 180_000);

  it('ends a run that is cancelled, and goes on with it', async () => {
    const cancelled = remote('run', spec, '--json', '--rounds', '500');
    const [, experiment = ''] = /"experiment":"([^"]+)"/.exec(await cancelled.line(/"experiment.planned"/)) ?? [];
    const changed = await remote('profile', 'set', experiment, 'client-1', '--lora-rank', '2', '--json').outcome;
    const { effectiveFromRound = 0, ...profile } = JSON.parse(changed.lines[0] ?? '{}') as Partial<Profile>;
    expect(profile).toMatchObject({ client: 'client-1', version: 2, loraRank: 2, loraAlpha: 16, loraBlocks: 'all' });
    await cancelled.line(new RegExp(`"event":"round.closed","round":${effectiveFromRound},`));
    const shown = await remote('profile', 'show', experiment).outcome;
    expect(shown.lines.filter((line) => line.startsWith('client-1'))).toHaveLength(2);
    expect(await remote('profile', 'set', experiment, 'client-1', '--lora-blocks', '99').outcome).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/lora\.blocks: 99 blocks from the top are asked for, and the model has 4/),
    });
    expect(await remote('profile', 'set', experiment, 'client-1').outcome).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/say what is to change: --lora-rank/),
    });
    expect(await remote('cancel', experiment).outcome).toMatchObject({ code: 0 });
    expect(await cancelled.outcome).toMatchObject({ code: 1, stderr: expect.stringMatching(/cancelled/) });
    const resumed = remote('resume', experiment, '--json');
    await resumed.line(/"event":"round.closed"/);
    expect(await remote('cancel', experiment).outcome).toMatchObject({ code: 0 });
    expect(await resumed.outcome).toMatchObject({ code: 1 });
    expect((await remote('show', experiment).outcome).lines[0]).toMatch(/· cancelled ·/);
  }, 180_000);

  it(
    'says what is wrong with a port that is taken',
    async () => {
      const port = new URL(up.coordinator).port;
      const other = airtune(['up', '--port', port], { ...variables, AIRTUNE_HOME: join(folder, 'other') });
      expect(await other.outcome).toMatchObject({
        code: 3,
        stderr: expect.stringContaining(`127.0.0.1:${port} is in use by another process`),
      });
    },
    UP_MS,
  );

  it(
    'stops in order, from another terminal',
    async () => {
      expect(await airtune(['down'], variables).outcome).toMatchObject({ code: 0, lines: ['stopped'] });
      expect(await services.outcome).toMatchObject({ code: 0, stderr: expect.stringMatching(/stopping\nstopped\n$/) });
      for (const { pid } of up.parts) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
      expect(await airtune(['status'], variables).outcome).toMatchObject({ code: 1 });
    },
    UP_MS,
  );
});
