import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, get, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import 'reflect-metadata';
import { completionsScored, rewardModelAnnounced, rewardModelsAwaited, type DataOf } from '#contracts';
import {
  type Delivery,
  On,
  InProcessBroker,
  InProcessPublisher,
  InProcessServer,
  KafkaConnection,
  KafkaPublisher,
  KafkaServer,
  startService,
  SystemClock,
  type Listener,
  type Publisher,
} from '#events';
import { Health, JsonLogger, Metrics, startServiceApplication, type ServiceApplication } from '#operations';
import {
  CheckModule,
  EventsConnection,
  httpConnection,
  ModelServices,
  openRewardModel,
  runBattery,
  ScoreStore,
  ScoringDesk,
  StoredScorer,
  type RewardModel,
} from '#reward-models';
import { BlobStore } from '#storage';
import { Controller, type DynamicModule, Module } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { testKafka } from '../../test/kafka/test-kafka.ts';
import { RewardModelModule } from './reward-model.module.ts';

const kafka = await testKafka();
const withKafka = kafka === undefined ? it.skip : it;
/** A Python that has kafka-python, if there is one: AIRTUNE_PYTHON, or the machine's. */
const python = [process.env['AIRTUNE_PYTHON'], 'python3'].find(
  (program) => program !== undefined && spawnSync(program, ['-c', 'import kafka']).status === 0,
);
const withPython = kafka === undefined || python === undefined ? it.skip : it;
const POLITENESS = resolve(import.meta.dirname, '../../examples/reward-models/python/politeness.py');
const BREVITY = resolve(import.meta.dirname, '../../examples/reward-models/brevity.ts');
const SHIPPED = resolve(import.meta.dirname, '../../models/reward-helpfulness');

/** What a site does with answers: hands them to whoever waits. */
@Controller()
class LearnerInbox {
  private readonly services: ModelServices;

  constructor(services: ModelServices) {
    this.services = services;
  }

  @On(completionsScored)
  scored({ data }: Delivery<DataOf<typeof completionsScored>>): void {
    const { request, model, version, digest, range, scores } = data;
    this.services.hear({ request, model, version, digest, range, scores });
  }
}

/** What was heard of reward models. */
class Heard {
  readonly announced: DataOf<typeof rewardModelAnnounced>[] = [];
}

/** Where a coordinator hears of them. */
@Controller()
class RegistryInbox {
  private readonly heard: DataOf<typeof rewardModelAnnounced>[];

  constructor(heard: Heard) {
    this.heard = heard.announced;
  }

  @On(rewardModelAnnounced)
  announced({ data }: Delivery<DataOf<typeof rewardModelAnnounced>>): void {
    this.heard.push(data);
  }
}

@Module({})
class RegistryModule {
  static register(heard: Heard): DynamicModule {
    const providers = [{ provide: Heard, useValue: heard }];
    return { module: RegistryModule, controllers: [RegistryInbox], providers };
  }
}

@Module({})
class LearnerModule {
  static register(services: ModelServices): DynamicModule {
    const providers = [{ provide: ModelServices, useValue: services }];
    return { module: LearnerModule, controllers: [LearnerInbox], providers };
  }
}

describe('a reward-model service', () => {
  let home: string;
  let upstream: Server;
  let upstreamUrl: string;
  const asked: unknown[] = [];
  const closers: (() => Promise<unknown>)[] = [];

  /** A transport of either kind: what a service listens and speaks through. */
  interface Wire {
    server(listener: Listener): InProcessServer | KafkaServer;
    publisher(source: string): Publisher;
  }

  function withinProcess(broker = new InProcessBroker()): Wire {
    const blobs = new BlobStore(join(home, 'blobs'));
    return {
      server: (listener) => new InProcessServer(broker, listener, blobs),
      publisher: (source) => new InProcessPublisher({ broker, source, blobs, clock: new SystemClock() }),
    };
  }

  async function overKafka(settings = kafka!.settings({ partitions: 2 })): Promise<Wire> {
    const connection = await KafkaConnection.open(settings);
    closers.push(() => connection.close());
    const blobs = new BlobStore(join(home, 'blobs'));
    return {
      server: (listener) => new KafkaServer(connection, listener, blobs),
      publisher: (source) => new KafkaPublisher({ connection, source, blobs, clock: new SystemClock() }),
    };
  }

  async function serve(
    path: string,
    wire = withinProcess(),
    { token, host = '127.0.0.1' }: { readonly token?: string; readonly host?: string } = {},
  ): Promise<{ url: string; desk: ScoringDesk }> {
    const model: RewardModel = await openRewardModel(path);
    closers.push(() => model.close());
    const desk = new ScoringDesk(model);
    const { name } = model.card;
    const application: ServiceApplication = await startServiceApplication({
      module: RewardModelModule.register({ desk, token, publisher: wire.publisher(`reward-model/${name}`) }),
      transport: wire.server({ service: 'reward-model', model: name, concurrency: 8 }),
      prepare: ({ nest }) => {
        nest.useBodyParser('json', { limit: '4mb' });
      },
      logger: new JsonLogger({}, 'fatal'),
      health: new Health(),
      metrics: new Metrics({}),
    });
    closers.push(() => application.close());
    return { url: await application.listen(host, 0), desk };
  }

  async function stop(): Promise<void> {
    for (const close of closers.splice(0).reverse()) await close();
  }

  async function eventFailures(name: string, wire: Wire) {
    const connection = new EventsConnection(name, wire.publisher('check'), 20_000);
    const service = await startService(
      CheckModule.register(connection),
      wire.server({ service: 'trainer', site: connection.site }),
    );
    closers.push(() => service.close());
    const results = await runBattery(connection, { name, run: 'test' });
    return results.filter(({ outcome }) => outcome === 'fails');
  }

  async function failures(url: string, name: string, restart?: () => Promise<void>) {
    const results = await runBattery(httpConnection(url, 20_000), { name, run: 'test', restart });
    return results.filter(({ outcome }) => outcome === 'fails');
  }

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'reward-service-'));
    // OpenRLHF's remote reward model: {query, prompts, labels} to {rewards}.
    upstream = createServer((request, response) => {
      let body = '';
      request.on('data', (piece: Buffer) => (body += piece.toString()));
      request.on('end', () => {
        const { query, inputs } = JSON.parse(body) as { query?: string[]; inputs?: { text: string[] } };
        asked.push(JSON.parse(body));
        const texts = query ?? inputs?.text ?? [];
        const scores = texts.map((text) => Math.min(1, text.length / 1000));
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify(query === undefined ? { data: scores.map((score) => ({ score })) } : { rewards: scores }),
        );
      });
    });
    await new Promise<void>((done) => upstream.listen(0, '127.0.0.1', done));
    upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/get_reward`;
  });

  afterEach(stop);

  afterAll(async () => {
    upstream.close();
    await rm(home, { recursive: true });
  });

  it('conforms with an ONNX model and no code', async () => {
    const { url } = await serve(SHIPPED);
    expect(await failures(url, 'reward-helpfulness')).toEqual([]);
    const model = (await (await fetch(`${url}/model`)).json()) as object;
    expect(model).toMatchObject({ model: 'reward-helpfulness', kind: 'onnx', version: '1' });
  });

  it.each([
    ["OpenRLHF's shape", { ask: 'openrlhf' }],
    ['a mapping of one’s own', { ask: { body: { inputs: { text: '{texts}' } }, scores: 'data.*.score' } }],
  ])('conforms with an HTTP server of %s', async (_, ask) => {
    const description = {
      format: 'airtune-reward-remote-1',
      name: 'elsewhere',
      version: '3',
      url: upstreamUrl,
      standardisation: { mean: 0.5, deviation: 0.25 },
      range: { lowest: 0, highest: 1 },
      ...ask,
    };
    await writeFile(join(home, 'reward.json'), JSON.stringify(description));
    const { url } = await serve(home);
    expect(await failures(url, 'elsewhere')).toEqual([]);
    const score = await fetch(`${url}/score`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items: [{ prompt: 'a'.repeat(300), completion: 'b'.repeat(200) }] }),
    });
    expect(await score.json()).toMatchObject({ scores: [{ raw: 0.5, standardised: 0 }], version: '3' });
  });

  it('conforms with a module, and scores the same request once', async () => {
    const { url, desk } = await serve(BREVITY);
    expect(await failures(url, 'brevity')).toEqual([]);
    const before = desk.computed;
    const ask = () => httpConnection(url, 5000).ask('once', [{ prompt: 'a', completion: 'b' }]);
    expect(await Promise.all([ask(), ask(), ask()])).toHaveLength(3);
    expect(desk.computed).toBe(before + 1);
    expect(await httpConnection(url, 5000).ask('once', [])).toMatchObject({ outcome: 'refused' });
  });

  it('answers over HTTP who has its token, and without one this machine alone', async () => {
    const token = 'sixteen-or-more-characters';
    const guarded = await serve(BREVITY, withinProcess(), { token });
    const authorization = `Bearer ${token}`;
    expect((await fetch(`${guarded.url}/model`)).status).toBe(401);
    expect((await fetch(`${guarded.url}/model`, { headers: { authorization: 'Bearer another' } })).status).toBe(401);
    expect((await fetch(`${guarded.url}/model`, { headers: { authorization } })).status).toBe(200);
    const asked = { method: 'POST', body: '{"items":[]}', headers: { 'content-type': 'application/json' } };
    expect((await fetch(`${guarded.url}/score`, asked)).status).toBe(401);
    const reply = await httpConnection(guarded.url, 5000, token).ask('with it', []);
    expect(reply).toMatchObject({ outcome: 'scored', model: 'brevity' });

    const open = await serve(BREVITY, withinProcess(), { host: '0.0.0.0' });
    const { port } = new URL(open.url);
    expect((await fetch(`http://127.0.0.1:${port}/model`)).status).toBe(200);
    // A page of another origin, in a browser on this machine.
    const page = { headers: { origin: 'http://evil.example' } };
    expect((await fetch(`http://127.0.0.1:${port}/model`, page)).status).toBe(403);
    const elsewhere = Object.values(networkInterfaces())
      .flat()
      .find((address) => address?.family === 'IPv4' && !address.internal);
    if (elsewhere === undefined) return;
    // Whoever comes by another address cannot claim that it was this one.
    const claimed = await new Promise<number | undefined>((done) => {
      const headers = { host: `127.0.0.1:${port}` };
      get({ host: elsewhere.address, port, path: '/model', headers }, (answer) => {
        answer.resume();
        done(answer.statusCode);
      });
    });
    expect(claimed).toBe(403);
    expect((await fetch(`http://${elsewhere.address}:${port}/health/live`)).status).toBe(200);
  });

  it('is told from one that does not conform', async () => {
    const path = join(home, 'odd.mjs');
    await writeFile(
      path,
      `export default { name: 'odd', version: '1', range: { lowest: 0, highest: 1 },
        score: (items) => items.map(({ completion }, i) => completion === '' ? NaN : completion.length > 1000 ? 7 : i / 100) };`,
    );
    const { url } = await serve(path);
    const failed = await failures(url, 'odd');
    expect(failed.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['a batch, in its order', 'alone as in a batch', 'empty texts', 'long texts']),
    );
    expect(failed.find(({ check }) => check === 'empty texts')?.detail).toContain('not-finite');
    expect(failed.find(({ check }) => check === 'long texts')?.detail).toContain('out-of-range');
  });

  it('answers 503 while the server behind it is away', async () => {
    const description = {
      format: 'airtune-reward-remote-1',
      name: 'away',
      version: '1',
      range: { lowest: 0, highest: 1 },
    };
    await writeFile(join(home, 'reward.json'), JSON.stringify({ ...description, url: 'http://127.0.0.1:9/' }));
    const { url } = await serve(home);
    const reply = await httpConnection(url, 5000).ask('x', [{ prompt: 'a', completion: 'b' }]);
    expect(reply).toMatchObject({ outcome: 'refused', why: expect.stringMatching(/503.*reward\.away/) });
  });

  it('conforms over events within a process', async () => {
    const wire = withinProcess();
    await serve(BREVITY, wire);
    expect(await eventFailures('brevity', wire)).toEqual([]);
  });

  withKafka('conforms over Kafka, two replicas sharing the work', async () => {
    const wire = await overKafka();
    const replicas = [await serve(BREVITY, wire), await serve(BREVITY, wire)];
    expect(await eventFailures('brevity', wire)).toEqual([]);
    expect(replicas.reduce((sum, { desk }) => sum + desk.computed, 0)).toBeGreaterThan(20);
  });

  withPython(
    'conforms in Python, written from the message description alone, and says that it is there',
    async () => {
      const settings = kafka!.settings({ partitions: 2 });
      const wire = await overKafka(settings);
      const heard = new Heard();
      const registry = await startService(RegistryModule.register(heard), wire.server({ service: 'coordinator' }));
      closers.push(() => registry.close());
      const { brokers, prefix } = settings;
      const service = spawn(python!, [POLITENESS], {
        env: {
          ...process.env,
          AIRTUNE_KAFKA_BROKERS: brokers.join(','),
          AIRTUNE_KAFKA_PREFIX: prefix,
          AIRTUNE_KAFKA_PARTITIONS: '2',
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(service, 'exit');
      closers.push(async () => {
        service.kill();
        await ended;
      });
      await once(service.stdout, 'data');
      expect(await eventFailures('politeness', wire)).toEqual([]);
      for (let round = 1; !heard.announced.some((said) => said.round !== undefined) && round < 40; round += 1) {
        const awaited = { round, models: ['politeness'] };
        await wire.publisher('coordinator').publish(rewardModelsAwaited, awaited, { experiment: 'e' });
        await sleep(250);
      }
      expect(heard.announced[0]).toMatchObject({
        model: 'politeness',
        version: '1',
        range: { lowest: -1, highest: 1 },
      });
      expect(heard.announced.at(-1)).toMatchObject({ model: 'politeness', round: expect.any(Number) });
    },
    60_000,
  );

  it('scores for a learner that waits no longer than it may, and then asks nothing twice', async () => {
    const wire = withinProcess();
    const store = new ScoreStore(join(home, 'scores'));
    const publisher = wire.publisher('trainer/lab');
    const services = new ModelServices({ experiment: 'e', publisher, site: 'lab', timeoutMs: 300 });
    const models = () => new Map([['short', { model: 'brevity', source: services }]]);
    const scorer = new StoredScorer({ experiment: 'e', models, store });
    const [key, pairs] = [
      { client: 'client-0', round: 1, iteration: 1 },
      [{ prompt: 'say', completion: 'a few words' }],
    ];
    await expect(scorer.score(key, pairs)).rejects.toMatchObject({ code: 'rewards.timeout', retryable: true });
    const { desk } = await serve(BREVITY, wire);
    const service = await startService(
      LearnerModule.register(services),
      wire.server({ service: 'trainer', site: 'lab' }),
    );
    closers.push(() => service.close());
    const scores = await scorer.score(key, pairs);
    expect(scores.get('short')![0]).toBeCloseTo((3 / 12 - 0.5) / 0.25, 6);
    expect(await scorer.score(key, pairs)).toEqual(scores);
    expect(desk.computed).toBe(1);
  });
});
