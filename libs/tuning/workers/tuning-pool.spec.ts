import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import {
  adapterManifest,
  digestCheckpoint,
  initialAdapters,
  initialHead,
  initialLora,
  saveEncoder,
  type EncoderConfig,
} from '#language-models';
import { decodeSafetensors, encodeSafetensors, manifestOf } from '#parameters';
import { randomStream } from '#randomness';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { drawBatch } from '../batches/draw-batch.ts';
import type { TuningSettings } from '../learner/tune-locally.ts';
import { initialEncoder } from '../pretraining/initial-encoder.ts';
import type { StepProgress, TuneRequest } from './tuning-messages.ts';
import { TuningPool } from './tuning-pool.ts';

const WORDS = ['dog', 'cat', 'horse', 'rose', 'oak', 'tulip', 'iron', 'gold', 'tin', 'big', 'old', 'the'];
const config: EncoderConfig = {
  modelType: 'bert',
  layers: 2,
  hidden: 256,
  heads: 4,
  intermediate: 1024,
  vocabulary: WORDS.length + 5,
  maxPositions: 64,
  typeVocabulary: 2,
  layerNormEpsilon: 1e-12,
  activation: 'gelu',
  positionOffset: 0,
  padTokenId: 0,
};
const settings: TuningSettings = {
  optimiser: 'adamw',
  learningRate: 3e-3,
  weightDecay: 0.01,
  clipNorm: 1,
  schedule: 'constant',
  totalSteps: 100,
  warmupSteps: 0,
  firstStep: 0,
  loraScale: 2,
};

/** Sentences of one animal, plant or metal among other words: three classes. */
function sentences(client: string, count: number, words = 6) {
  const stream = randomStream(1, 'sentences', client);
  const labels = Array.from({ length: count }, () => stream.integer(3));
  const texts = labels.map((label) => {
    const filler = Array.from({ length: words }, () => WORDS[9 + stream.integer(3)]!);
    filler[stream.integer(words)] = WORDS[3 * label + stream.integer(3)]!;
    return filler.join(' ');
  });
  return { texts, labels };
}

const parts = (client: string) => [
  encodeSafetensors(initialAdapters(config, 8, 1)),
  encodeSafetensors(
    new Map([...initialLora(config, { rank: 2, blocks: [1] }, 1, client), ...initialHead(config, 3, 1, client)]),
  ),
];

function request(client: string, steps = 4, batchSize = 8): Omit<TuneRequest, 'kind'> {
  const batches = Array.from({ length: steps }, (_, step) =>
    drawBatch({ seed: 1, client, round: 1, step }, 40, batchSize),
  );
  return { parts: parts(client), examples: sentences(client, 40), batches, settings };
}

describe('a pool of training workers', () => {
  let modelFolder: string;
  const open = (parallel: number) => {
    const shape = { adapters: true, loraBlocks: [1], labels: 3 };
    return new TuningPool({ modelFolder, shape, maxTokens: 32, parallel });
  };

  beforeAll(async () => {
    modelFolder = await mkdtemp(join(tmpdir(), 'tuning-pool-'));
    await saveEncoder(modelFolder, { config, tensors: initialEncoder(config, 1) }, { precision: 'fp32' });
    await writeFile(
      join(modelFolder, 'vocab.txt'),
      ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...WORDS].join('\n'),
    );
  });

  afterAll(async () => {
    await rm(modelFolder, { recursive: true });
  });

  it('gives each client the same bits with one worker and with two, in whatever order', async () => {
    const clients = ['client-0', 'client-1', 'client-2'];
    const answers = [];
    for (const parallel of [1, 2]) {
      const pool = open(parallel);
      const order = parallel === 1 ? clients : clients.toReversed();
      const trained = await Promise.all(
        order.map(async (client) => [client, await pool.tune(request(client))] as const),
      );
      answers.push(Object.fromEntries(trained));
      await pool.close();
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[0]!['client-0']).not.toEqual(answers[0]!['client-1']);
  });

  it('learns, answers in the split that was sent, and tells each step', async () => {
    const pool = open(1);
    const progress: StepProgress[] = [];
    const answer = await pool.tune(request('client-0', 40, 16), (step) => progress.push(step));
    if (answer.outcome !== 'trained') throw new Error(answer.message);
    expect(answer.losses.at(-1)).toBeLessThan(0.5 * answer.losses[0]!);
    expect(progress.map(({ step }) => step)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(manifestOf(decodeSafetensors(answer.parts[0]!))).toEqual(
      [...adapterManifest(config, 8)].sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
    const sets = [sentences('client-0', 40), sentences('others', 50)];
    const { evaluations } = await pool.evaluate({ parts: answer.parts, sets, batchSize: 16, loraScale: 2 });
    expect(evaluations.map(({ examples }) => examples)).toEqual([40, 50]);
    expect(evaluations[0]!.correct).toBeGreaterThan(30);
    await pool.close();
  });

  it('leaves the event loop free while it trains', async () => {
    const pool = open(1);
    await pool.evaluate({ parts: parts('client-0'), sets: [], batchSize: 1, loraScale: 1 });
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const started = performance.now();
    await pool.tune({ ...request('client-0', 5, 40), examples: sentences('client-0', 40, 30) });
    const step = (performance.now() - started) / 5;
    delay.disable();
    await pool.close();
    // Steps as long as these would show. The 99th percentile: on a busy machine a thread may wait for a core.
    expect(step).toBeGreaterThan(30);
    expect(delay.percentile(99) / 1e6).toBeLessThan(50);
  });

  it('gives up what is under way when it is closed, and takes the process along with nothing', async () => {
    const pool = open(1);
    const begun = Promise.withResolvers<undefined>();
    const long = pool.tune(request('client-0', 100_000), () => {
      begun.resolve(undefined);
    });
    const waiting = pool.evaluate({ parts: parts('client-1'), sets: [], batchSize: 1, loraScale: 1 });
    void waiting.catch(() => undefined);
    await Promise.race([begun.promise, long]);
    const closing = pool.close();
    await expect(long).rejects.toMatchObject({ code: 'tuning.given-up', retryable: true });
    await closing;
    await expect(pool.tune(request('client-2'))).rejects.toMatchObject({ code: 'tuning.given-up' });
  });

  it('reports a loss that is not finite as an answer', async () => {
    const pool = open(1);
    const broken = { ...request('client-0'), settings: { ...settings, learningRate: 1e30, clipNorm: 1e30 } };
    expect(await pool.tune(broken)).toMatchObject({
      outcome: 'stopped',
      message: expect.stringMatching(/Step \d of 4/),
    });
    await pool.close();
  });

  it('opens its base again only where the folder still holds it', async () => {
    const changed = await mkdtemp(join(tmpdir(), 'tuning-changed-'));
    await cp(modelFolder, changed, { recursive: true });
    const shape = { adapters: true, loraBlocks: [1], labels: 3 };
    const baseDigest = await digestCheckpoint(changed);
    const pool = new TuningPool({ modelFolder: changed, baseDigest, shape, maxTokens: 32, parallel: 1 });
    expect((await pool.tune(request('client-0'))).outcome).toBe('trained');
    await saveEncoder(changed, { config, tensors: initialEncoder(config, 2) }, { precision: 'fp32' });
    expect((await pool.tune(request('client-0'))).outcome).toBe('trained');
    pool.widen([0]);
    await expect(pool.tune(request('client-0'))).rejects.toMatchObject({ code: 'model.changed' });
    await cp(modelFolder, changed, { recursive: true });
    expect((await pool.tune(request('client-0'))).outcome).toBe('trained');
    await pool.close();
    await rm(changed, { recursive: true });
  });

  it('refuses a tokenizer that is not the model’s', async () => {
    const foreign = await mkdtemp(join(tmpdir(), 'tuning-foreign-'));
    await saveEncoder(foreign, { config, tensors: initialEncoder(config, 1) }, { precision: 'fp32' });
    const words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...WORDS, 'more'];
    await writeFile(join(foreign, 'vocab.txt'), words.join('\n'));
    const pool = new TuningPool({
      modelFolder: foreign,
      shape: { adapters: true, loraBlocks: [1], labels: 3 },
      maxTokens: 32,
      parallel: 1,
    });
    await expect(pool.tune(request('client-0'))).rejects.toThrow(/18 tokens, the model's vocab_size is 17/);
    await pool.close();
    await rm(foreign, { recursive: true });
  });

  it('names what is wrong with a model', async () => {
    const shape = { adapters: true, loraBlocks: [], labels: 3 };
    const pool = new TuningPool({ modelFolder: join(modelFolder, 'nowhere'), shape, maxTokens: 32, parallel: 1 });
    await expect(pool.tune(request('client-0'))).rejects.toMatchObject({
      code: expect.stringMatching(/^(model|tokenizer)\./),
    });
    await pool.close();
  });
});
