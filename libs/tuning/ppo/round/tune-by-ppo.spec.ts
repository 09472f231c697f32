import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decoderManifest, digestCheckpoint, saveDecoder, type DecoderConfig } from '#language-models';
import { channelFamilies } from '#methods';
import { decodeSafetensors, digestOf, manifestOf, type Tensor } from '#parameters';
import { randomStream } from '#randomness';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TuningError } from '../../tuning-error.ts';
import { PolicyPool, type PolicyPoolOptions } from '../workers/ppo-pool.ts';
import { squaredDistance } from '../learner/proximity.ts';
import type { RewardScorer } from './reward-scorer.ts';
import { tuneByPpo, type PpoRoundSettings } from './tune-by-ppo.ts';

const TOKENIZER = join(import.meta.dirname, '../../../language-models/fixtures/tokenizers/gpt2');

/** Likes the letter e, and long texts a little. */
const scorer: RewardScorer = {
  score: (_, pairs) =>
    Promise.resolve(
      new Map([
        ['letters', pairs.map(({ completion }) => completion.split('e').length - 1)],
        ['length', pairs.map(({ completion }) => completion.length / 10)],
      ]),
    ),
};

const settings: PpoRoundSettings = {
  seed: 3,
  client: 'client-0',
  round: 1,
  iterations: 8,
  rollouts: 32,
  maxNewTokens: 10,
  maxPromptTokens: 24,
  klReference: 'base',
  weights: { letters: 1, length: 0.1 },
  scoreLimit: 10,
  emptyScore: -2,
  update: {
    gamma: 1,
    lambda: 0.95,
    klEstimator: 'k1',
    klCoefficient: 0.01,
    whitenRewards: false,
    optimiser: 'adamw',
    learningRate: 0.02,
    weightDecay: 0,
    clipNorm: 1,
    schedule: 'constant',
    totalSteps: 32,
    warmupSteps: 0,
    firstStep: 0,
    epochs: 2,
    batchSize: 16,
    klLimit: 100,
    proximal: 0.001,
  },
};
const prompts = ['The ', 'A word', 'What is it?', 'Why', 'Use it in a sentence'];

let folder: string;
let pool: PolicyPool;
let options: PolicyPoolOptions;
let start: { tuned: Uint8Array; valueHead: Uint8Array; prompts: readonly string[] };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'airtune-ppo-'));
  await cp(TOKENIZER, folder, { recursive: true });
  const vocabulary = JSON.parse(await readFile(join(TOKENIZER, 'vocab.json'), 'utf8')) as Record<string, number>;
  const config: DecoderConfig = {
    modelType: 'gpt2',
    layers: 3,
    hidden: 16,
    heads: 2,
    intermediate: 32,
    vocabulary: Object.keys(vocabulary).length,
    maxPositions: 48,
    layerNormEpsilon: 1e-5,
    activation: 'gelu_new',
    endTokenId: vocabulary['<|endoftext|>']!,
  };
  const draw = randomStream(1, 'weights');
  const made = (name: string, shape: readonly number[]): Tensor => ({
    shape,
    data: Float32Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      () => (name.endsWith('norm.weight') ? 1 : 0) + 0.2 * draw.normal(),
    ),
  });
  const tensors = new Map(decoderManifest(config).map(({ name, shape }) => [name, made(name, shape)]));
  await saveDecoder(folder, { config, tensors }, { precision: 'fp32' });
  options = {
    modelFolder: folder,
    baseDigest: await digestCheckpoint(folder),
    trainableBlocks: 2,
    attentionSparsity: 0.4,
    temperature: 1,
    clip: 0.2,
    valueClip: 0.2,
    valueCoefficient: 0.1,
    parallel: 1,
    threads: 1,
  };
  pool = new PolicyPool(options);
  const [tuned, valueHead] = await pool.initial();
  start = { tuned: tuned!, valueHead: valueHead!, prompts };
});

afterAll(async () => {
  await pool.close();
  await rm(folder, { recursive: true });
});

describe('a round of PPO', () => {
  it('is not played on another base than was asked for', async () => {
    const other = new PolicyPool({ ...options, baseDigest: `sha256:${'0'.repeat(64)}` });
    await expect(other.initial()).rejects.toMatchObject({ code: 'model.changed' });
    await other.close();
  });

  it('earns more as it goes on, and strays from base and global model', async () => {
    const seen: number[] = [];
    const result = await tuneByPpo(pool, scorer, start, settings, ({ iteration }) => seen.push(iteration));
    if (result.outcome !== 'trained') throw new Error(result.message);
    const { iterations } = result;
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(iterations.at(-1)!.weighted).toBeGreaterThan(iterations[0]!.weighted + 0.3);
    expect([iterations[0]!.kl, iterations[0]!.distance]).toEqual([0, 0]);
    for (const { kl, distance, first } of iterations.slice(1)) {
      expect(Math.min(kl, distance)).toBeGreaterThan(0);
      expect(first.approximateKl).toBe(0);
    }
    expect(iterations.at(-1)!.weighted).toBeCloseTo(
      iterations.at(-1)!.rewards['letters']! + 0.1 * iterations.at(-1)!.rewards['length']!,
      9,
    );
  });

  it('is the same twice, and another with another seed or KL penalty', async () => {
    const digest = async (changes: Partial<PpoRoundSettings>) => {
      const result = await tuneByPpo(pool, scorer, start, { ...settings, iterations: 2, ...changes });
      if (result.outcome !== 'trained') throw new Error(result.message);
      return digestOf(result.tuned);
    };
    const once = await digest({});
    expect(await digest({})).toBe(once);
    expect(await digest({ seed: 4 })).not.toBe(once);
    expect(await digest({ update: { ...settings.update, klCoefficient: 0 } })).not.toBe(once);
  });

  it('moves only the channels that the round keeps', async () => {
    const before = decodeSafetensors(start.tuned);
    const families = channelFamilies(manifestOf(before), 'attention');
    const kept = new Map(families.map(({ name }) => [name, [0, 3, 9]]));
    const sparse = { ...start, sparse: { families, kept } };
    const result = await tuneByPpo(pool, scorer, sparse, { ...settings, iterations: 1 });
    if (result.outcome !== 'trained') throw new Error(result.message);
    const after = decodeSafetensors(result.tuned);
    const [now, then] = [after, before].map((tensors) => tensors.get('decoder.1.attention.qkv.bias')!.data);
    const moved = [...now!.keys()].filter((at) => now![at] !== then![at]);
    expect(new Set(moved.map((at) => at % 16))).toEqual(new Set([0, 3, 9]));
    expect(squaredDistance(after, before)).toBeGreaterThan(0);
  });
});

describe('what goes wrong in a round', () => {
  const round = (changes: Partial<PpoRoundSettings>, own: RewardScorer = scorer) =>
    tuneByPpo(pool, own, start, { ...settings, iterations: 3, ...changes });

  it('a policy beyond the KL limit goes back to what it was before its last update', async () => {
    const whole = await round({});
    const limit = whole.outcome === 'trained' ? whole.iterations[1]!.kl / 2 : NaN;
    const result = await round({ update: { ...settings.update, klLimit: limit } });
    expect(result).toMatchObject({
      outcome: 'trained',
      endedEarly: expect.stringMatching(/^Iteration 2: the policy is/),
    });
    if (result.outcome !== 'trained') return;
    expect(result.iterations).toHaveLength(1);
    expect(digestOf(result.tuned)).toBe(digestOf(start.tuned));
  });

  it('one that begins beyond it trains nothing', async () => {
    const moved = await round({ iterations: 1 });
    if (moved.outcome !== 'trained') throw new Error(moved.message);
    const result = await tuneByPpo(
      pool,
      scorer,
      { ...start, tuned: moved.tuned },
      {
        ...settings,
        update: { ...settings.update, klLimit: 1e-9 },
      },
    );
    expect(result).toMatchObject({ outcome: 'stopped', reason: 'kl-limit' });
  });

  it('rewards that do not come leave nothing of the round', async () => {
    const away: RewardScorer = {
      score: () => Promise.reject(new TuningError('rewards.late', 'safety did not answer within 1000 ms.')),
    };
    await expect(round({}, away)).rejects.toMatchObject({ code: 'rewards.late' });
  });

  it('a reward that explodes counts as its limit', async () => {
    const wild: RewardScorer = {
      score: (_, pairs) =>
        Promise.resolve(new Map([['letters', pairs.map((__, at) => (at % 2 === 0 ? 1e30 : -1e30))]])),
    };
    const result = await round({ iterations: 1, weights: { letters: 1 } }, wild);
    expect(result).toMatchObject({ outcome: 'trained' });
    if (result.outcome !== 'trained') return;
    expect(result.iterations[0]!.limitedScores).toBeGreaterThan(0);
    expect(Math.abs(result.iterations[0]!.weighted)).toBeLessThanOrEqual(10);
  });

  it('an empty completion earns the empty score, and no reward model sees it', async () => {
    const watching: RewardScorer = {
      score: (key, pairs) => {
        expect(pairs.every(({ completion }) => completion.trim() !== '')).toBe(true);
        return scorer.score(key, pairs);
      },
    };
    const result = await round({ iterations: 1, maxNewTokens: 1, weights: { letters: 1 }, rollouts: 200 }, watching);
    if (result.outcome !== 'trained') throw new Error(result.message);
    expect(result.iterations[0]!.emptyCompletions).toBeGreaterThan(0);
  });

  it('prompts that leave no room are passed over and counted; when all are, that is an error', async () => {
    const long = 'word '.repeat(60);
    const result = await tuneByPpo(
      pool,
      scorer,
      { ...start, prompts: ['Why', long] },
      { ...settings, iterations: 1, rollouts: 2 },
    );
    expect(result).toMatchObject({ outcome: 'trained', iterations: [{ completions: expect.any(Number) }] });
    await expect(tuneByPpo(pool, scorer, { ...start, prompts: [long] }, settings)).rejects.toMatchObject({
      code: 'ppo.prompts-too-long',
      message: expect.stringMatching(/None of .* prompts has at most 24 tokens/),
    });
  });
});
