import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { InProcessBroker, InProcessServer } from '#events';
import { Health, JsonLogger, Metrics, startServiceApplication, type ServiceApplication } from '#operations';
import { httpConnection, openRewardModel, runBattery, ScoringDesk, type RewardModel } from '#reward-models';
import { BlobStore } from '#storage';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { RewardModelModule } from './reward-model.module.ts';

const SHIPPED = resolve(import.meta.dirname, '../../models/reward-helpfulness');

describe('a reward-model service', () => {
  let home: string;
  let upstream: Server;
  let upstreamUrl: string;
  const asked: unknown[] = [];
  const running: { application: ServiceApplication; model: RewardModel }[] = [];

  async function serve(path: string): Promise<{ url: string; desk: ScoringDesk }> {
    const model = await openRewardModel(path);
    const desk = new ScoringDesk(model);
    const listener = { service: 'reward-model' as const };
    const application = await startServiceApplication({
      module: RewardModelModule.register({ desk }),
      transport: new InProcessServer(new InProcessBroker(), listener, new BlobStore(join(home, 'blobs'))),
      prepare: ({ nest }) => {
        nest.useBodyParser('json', { limit: '4mb' });
      },
      logger: new JsonLogger({}, 'fatal'),
      health: new Health(),
      metrics: new Metrics({}),
    });
    running.push({ application, model });
    return { url: await application.listen('127.0.0.1', 0), desk };
  }

  async function stop(): Promise<void> {
    for (const { application, model } of running.splice(0)) {
      await application.close();
      await model.close();
    }
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
    const { url, desk } = await serve(resolve(import.meta.dirname, '../../examples/reward-models/brevity.ts'));
    expect(await failures(url, 'brevity')).toEqual([]);
    const before = desk.computed;
    const ask = () => httpConnection(url, 5000).ask('once', [{ prompt: 'a', completion: 'b' }]);
    expect(await Promise.all([ask(), ask(), ask()])).toHaveLength(3);
    expect(desk.computed).toBe(before + 1);
    expect(await httpConnection(url, 5000).ask('once', [])).toMatchObject({ outcome: 'refused' });
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
});
