import { join } from 'node:path';
import { Generator, initialValueHead, loadDecoder, sparseAttention, type DecoderWeights } from '#language-models';
import type { NamedTensors } from '#parameters';
import { randomStream } from '#randomness';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { PolicySession } from './policy-session.ts';
import type { DrawnCompletion } from './pack-completions.ts';

/** The shipped decoder: wide enough for ONNX Runtime to sum in several blocks, whose length few rows would leave to the threads. */
const MODEL = join(import.meta.dirname, '../../../../models/tiny-gpt2');
const THREADS = [1, 2, 4, 8];
const TRAINABLE_BLOCKS = 2;

let weights: DecoderWeights;
const draw = randomStream(4, 'thread-count');
const tokens = (count: number): number[] =>
  Array.from({ length: count }, () => draw.integer(weights.config.vocabulary));
const noisy = (tensors: NamedTensors, size: number): NamedTensors =>
  new Map(
    [...tensors].map(([name, { shape, data }]) => [name, { shape, data: data.map((x) => x + size * draw.normal()) }]),
  );

beforeAll(async () => {
  weights = await loadDecoder(MODEL);
});

describe('a step of PPO', () => {
  it.each([
    ['fewer tokens than a layer has columns', 3, 6],
    ['more of them', 20, 40],
  ])('gives the same bits however many threads compute it: %s', async (_, batch, most) => {
    const completions: DrawnCompletion[] = Array.from({ length: batch }, (__, i) => ({
      prompt: tokens(5 + (i % 4)),
      ids: tokens(most - (i % 5)),
    }));
    const valueHead = noisy(initialValueHead(weights.config), 0.1);
    let policy: NamedTensors | undefined;
    let old;
    const found = [];
    for (const threads of THREADS) {
      const blockBias = sparseAttention(weights.config, TRAINABLE_BLOCKS, 0.4);
      const losses = { temperature: 1, clip: 0.2, valueClip: 0.2, valueCoefficient: 0.1 };
      const shape = { trainableBlocks: TRAINABLE_BLOCKS, blockBias, ...losses };
      const session = await PolicySession.open(weights, shape, { threads });
      const minibatch = await session.prepare(completions);
      policy ??= new Map([...noisy(session.base, 0.01), ...valueHead]);
      const estimates = await session.estimate(policy, minibatch);
      old ??= {
        oldLogProbabilities: estimates.logProbabilities.map((x) => x + 0.1 * draw.normal()),
        oldValues: estimates.values,
        advantages: estimates.values.map(() => draw.normal()),
        returns: estimates.values.map(() => draw.normal()),
      };
      found.push({ estimates, ...(await session.gradients(policy, minibatch, old)) });
      await session.close();
    }
    for (const other of found.slice(1)) expect(other).toEqual(found[0]);
  });
});

describe('generation', () => {
  it('draws the same tokens however many threads compute it', async () => {
    const prompts = Array.from({ length: 5 }, (_, i) => ({ ids: tokens(4 + i), stream: randomStream(4, 'draw', i) }));
    let tuned: NamedTensors | undefined;
    const found = [];
    for (const threads of THREADS) {
      const generator = await Generator.open(
        weights,
        { trainableBlocks: TRAINABLE_BLOCKS, ranked: false },
        { threads },
      );
      tuned ??= noisy(weights.tensors, 0.05);
      found.push(await generator.generate(prompts, { maxNewTokens: 40, temperature: 1.5 }, tuned));
      await generator.close();
    }
    for (const other of found.slice(1)) expect(other).toEqual(found[0]);
  });
});
