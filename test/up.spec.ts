import 'reflect-metadata';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testKafka } from './kafka/test-kafka.ts';
import { Published } from './openapi/published.ts';
import { startTestServer, type TestServer } from './postgres/test-server.ts';
import { airtune, closingDigests, type Running } from './services/command-line.ts';
import { endUp, startUp, UP_MS, whenUp, type Up } from './services/start-up.ts';
import { REWARD_MODELS } from './whole-run.ts';

/** Two clients who share their completions with two reward models, known by their names alone. */
const JUDGED = `
name: judged
method: pfit
seed: 5
rounds: 2
model: ${resolve(import.meta.dirname, '../models/tiny-gpt2')}
data: { source: instructions, limit: 200 }
clients: { count: 2 }
rewards:
  helpfulness: { model: reward-helpfulness, weight: 0.5 }
  safety: { model: reward-safety, weight: 0.5 }
trainableBlocks: 1
ppo: { iterations: 2, ownIterations: 1, rollouts: 4, maxNewTokens: 8, epochs: 1 }
training: { batchSize: 4, learningRate: 1e-3, maxTokens: 48 }
evaluation: { generalExamples: 6 }
profiles:
  client-0: { shareCompletions: true }
  client-1: { shareCompletions: true, rewards: { helpfulness: 0.9, safety: 0.1 } }
`;

const kafka = await testKafka();

(kafka === undefined ? describe.skip : describe)('services over a broker and a database that are there already', () => {
  let folder: string;
  let server: TestServer;
  let databaseUrl: string;
  let brokers: readonly string[];
  let variables: NodeJS.ProcessEnv;
  let services: Running;
  let up: Up;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'airtune-outside-'));
    server = await startTestServer();
    databaseUrl = await server.createDatabase();
    const settings = kafka!.settings();
    brokers = settings.brokers;
    variables = {
      AIRTUNE_HOME: join(folder, 'home'),
      AIRTUNE_THREADS: '2',
      AIRTUNE_KAFKA_BROKERS: brokers.join(','),
      AIRTUNE_KAFKA_PREFIX: settings.prefix,
      DATABASE_URL: databaseUrl,
      AIRTUNE_REWARD_MODELS: REWARD_MODELS.join(':'),
    };
    services = startUp(variables);
    up = await whenUp(services);
  }, UP_MS);

  afterAll(async () => {
    await endUp(services);
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }, UP_MS);

  it('starts reward models beside the others, and neither broker nor database', async () => {
    expect(up.parts.map(({ name }) => name)).toEqual([
      ...['coordinator', 'channel', 'trainer/site-0', 'trainer/site-1'],
      ...['reward-model/reward-helpfulness', 'reward-model/reward-safety'],
    ]);
    expect((await readdir(join(folder, 'home'))).filter((name) => ['kafka', 'postgres'].includes(name))).toEqual([]);
    const models = await airtune(['reward', 'list', '--json'], variables).outcome;
    expect(models.lines.map((line) => (JSON.parse(line) as { name: string }).name).sort()).toEqual([
      ...['reward-helpfulness', 'reward-safety'],
    ]);
  });

  it('comes to the digests of one process where those models judge, which are registered there', async () => {
    const file = join(folder, 'judged.yaml');
    await writeFile(file, JUDGED);
    const outcome = await airtune(['run', file, '--json', '--coordinator', up.coordinator], variables).outcome;
    const alone = {
      ...variables,
      ...{
        AIRTUNE_HOME: join(folder, 'alone'),
        DATABASE_URL: '',
        AIRTUNE_KAFKA_BROKERS: '',
        AIRTUNE_REWARD_MODELS: '',
      },
    };
    for (const path of REWARD_MODELS)
      expect(await airtune(['reward', 'register', path], alone).outcome).toMatchObject({ code: 0 });
    const inOneProcess = await airtune(['run', file, '--json'], alone).outcome;
    expect(closingDigests(outcome)).toEqual(closingDigests(inOneProcess));

    const { experiment } = JSON.parse(outcome.lines.at(-1)!) as { experiment: string };
    const published = await Published.of(up.coordinator);
    for (const history of ['scores?limit=1000', 'evaluations', 'rounds', 'clients', 'profiles', 'figures', 'audit']) {
      const { status, headers, body } = await answerOf(`${up.coordinator}/experiments/${experiment}/${history}`);
      published.check('GET', `/experiments/${experiment}/${history.split('?')[0]!}`, status, headers, body);
      if (Array.isArray(body)) expect(body.length).toBeGreaterThan(0);
      if (history === 'audit') expect(body).toMatchObject({ verdict: 'intact' });
    }
  }, 240_000);

  it(
    'leaves broker and database running when it is interrupted',
    async () => {
      services.child.kill('SIGINT');
      expect(await services.outcome).toMatchObject({
        code: 130,
        stderr: expect.stringMatching(/stopping\nstopped\n$/),
      });
      for (const { pid } of up.parts) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
      await server.run(databaseUrl, 'SELECT 1 FROM airtune.experiment');
      for (const broker of brokers) await opens(broker);
    },
    UP_MS,
  );
});

describe('`airtune up` on a machine without', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'airtune-without-'));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    ['Java', undefined, /needs Java 17, and there is none\. Install one .*AIRTUNE_KAFKA_BROKERS/],
    [
      'a Java that is new enough',
      '11.0.2',
      /needs Java 17 or later; .*java is openjdk version "11\.0\.2"\. Install one/,
    ],
    ['Maven', '17.0.1', /fetched by Maven \(mvn\), and there is none\. Install it .*AIRTUNE_KAFKA_BROKERS/],
  ])('%s says what to install, or to name a broker', async (_, java, message) => {
    const outcome = await airtune(['up', '--port', '0'], {
      AIRTUNE_HOME: join(folder, 'home'),
      AIRTUNE_KAFKA_BROKERS: '',
      AIRTUNE_KAFKA_JARS: join(folder, 'no-jars'),
      // It is the broker that fails here.
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
      JAVA_HOME: java === undefined ? '' : await fakeJava(folder, java),
      PATH: dirname(process.execPath),
    }).outcome;
    expect(outcome).toMatchObject({ code: 3, stderr: expect.stringMatching(message) });
  });
});

/** A JAVA_HOME whose `java` says its version, and does nothing else. */
async function fakeJava(folder: string, version: string): Promise<string> {
  const home = join(folder, version);
  await mkdir(join(home, 'bin'), { recursive: true });
  const script = `#!/bin/sh\necho 'openjdk version "${version}"' >&2\n`;
  await writeFile(join(home, 'bin', 'java'), script, { mode: 0o755 });
  return home;
}

async function answerOf(url: string) {
  const response = await fetch(url);
  return {
    status: response.status,
    headers: response.headers.get('content-type'),
    body: await response.json(),
  };
}

/** Resolves when somebody listens there. */
function opens(address: string): Promise<void> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host, () => {
      socket.end();
      resolve();
    });
    socket.once('error', reject);
  });
}
