import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

import { Session, type Feed } from '#autograd';
import type { NamedTensors } from '#parameters';

import { madeEncoder, madeTrainables, TINY_BERT } from '../encoder/made-tensors.ts';
import { TINY } from '../decoder/read-fixture.ts';
import { gradientName } from '../encoder/step-model.ts';
import { buildPreferenceStep, rewardHeadManifest } from './build-preference-step.ts';
import { loadRewardBase } from './reward-base.ts';
import { buildRewardModel } from './reward-graph.ts';

const reference = JSON.parse(
  readFileSync(new URL('../encoder/fixtures/preference-step.json', import.meta.url), 'utf8'),
) as {
  loss: number;
  scores: number[];
  gradients: Record<string, number[]>;
};
const encoder = madeEncoder(TINY_BERT);
const head = madeTrainables(rewardHeadManifest(TINY_BERT));
const integers = (shape: number[], data: number[]): Feed => ({
  type: 'int64',
  shape,
  data: BigInt64Array.from(data, BigInt),
});
const ids = integers([4, 5], [0, 5, 9, 9, 2, 0, 7, 2, 1, 1, 0, 20, 3, 2, 1, 0, 4, 4, 4, 2]);
const mask = integers([4, 5], [1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1]);

async function step(part: 'all' | number, labels = [0, 0]) {
  const { model, trainable } = buildPreferenceStep(encoder, part);
  const session = await Session.open(model);
  const all: NamedTensors = new Map([...encoder.tensors, ...head]);
  const out = await session.run({
    ids,
    mask,
    labels: integers([2], labels),
    train: { type: 'bool', shape: [], data: Uint8Array.of(1) },
    ...Object.fromEntries(trainable.map(({ name }) => [name, all.get(name)!])),
  });
  await session.close();
  return { out, names: trainable.map(({ name }) => name) };
}

describe('a preference step on a tiny BERT', () => {
  it("gives PyTorch's loss, scores and the gradient of every tensor", async () => {
    const { out, names } = await step('all');
    expect(out['loss']!.data as Float32Array).toBeAllClose([reference.loss], { relative: 1e-5 });
    expect(out['scores']!.data as Float32Array).toBeAllClose(reference.scores, { relative: 1e-5 });
    expect(names.toSorted()).toEqual(Object.keys(reference.gradients).toSorted());
    for (const name of names) {
      const expected = reference.gradients[name]!;
      const size = Math.max(...expected.map(Math.abs), 1e-3);
      expect(out[gradientName(name)]!.data as Float32Array).toBeAllClose(expected, {
        relative: 1e-4,
        absolute: 1e-4 * size,
      });
    }
  });

  it('trains the blocks at the top alone when asked to, to the same gradients', async () => {
    const { out, names } = await step(1);
    expect(names.every((name) => name.startsWith('block.1.') || name.startsWith('head.'))).toBe(true);
    for (const name of ['block.1.output.weight', 'block.1.attention.query.bias', 'head.output.weight']) {
      expect(out[gradientName(name)]!.data as Float32Array).toBeAllClose(reference.gradients[name]!, {
        relative: 1e-4,
        absolute: 1e-5,
      });
    }
  });

  it('prefers the second of two where the label says so', async () => {
    const { out } = await step(0, [1, 1]);
    const [a = 0, b = 0, c = 0, d = 0] = reference.scores;
    const loss = (Math.log1p(Math.exp(a - b)) + Math.log1p(Math.exp(c - d))) / 2;
    expect(out['loss']!.data as Float32Array).toBeAllClose([loss], { relative: 1e-5 });
  });

  it.each(['fp32', 'fp16'] as const)('scores the same as one file of %s', async (precision) => {
    const { bytes } = buildRewardModel(encoder, head, precision);
    const session = await Session.open({ bytes, weights: [], nodes: [] });
    const { score } = await session.run({ input_ids: ids, attention_mask: mask });
    await session.close();
    expect(score!.shape).toEqual([4]);
    expect(score!.data as Float32Array).toBeAllClose(reference.scores, { relative: 1e-4, absolute: 1e-4 });
  });
});

/** transformers' GPT2ForSequenceClassification on the tiny checkpoint, its `score` replaced by our head; see fixtures/README.md. */
const ofDecoder = JSON.parse(readFileSync(`${TINY}/scores.json`, 'utf8')) as {
  sequences: number[][];
  scores: number[];
  loss: number;
  gradients: Record<string, number[]>;
};

describe('a reward model from a GPT-2 of a Hugging Face folder', () => {
  const columns = Math.max(...ofDecoder.sequences.map(({ length }) => length));
  const padded = (values: (sequence: number[]) => number[], fill: number): Feed => {
    const rows = ofDecoder.sequences.map((sequence) =>
      [...values(sequence), ...Array<number>(columns).fill(fill)].slice(0, columns),
    );
    return integers([rows.length, columns], rows.flat());
  };
  // What stands where there is padding is no token: its id may be any.
  const right = { ids: padded((sequence) => sequence, 13), mask: padded((sequence) => sequence.map(() => 1), 0) };

  it.each(['fp32', 'fp16'] as const)(
    "scores sequences of different lengths as transformers' GPT2ForSequenceClassification, as one file of %s",
    async (precision) => {
      const base = await loadRewardBase(TINY);
      const { bytes } = buildRewardModel(base, madeTrainables(rewardHeadManifest(base.config)), precision);
      const session = await Session.open({ bytes, weights: [], nodes: [] });
      const { score } = await session.run({ input_ids: right.ids, attention_mask: right.mask });
      await session.close();
      expect(score!.data as Float32Array).toBeAllClose(ofDecoder.scores, {
        relative: precision === 'fp32' ? 1e-4 : 2e-3,
        absolute: precision === 'fp32' ? 0 : 2e-3,
      });
    },
  );

  it("has PyTorch's loss and gradients when it is trained", async () => {
    const base = await loadRewardBase(TINY);
    const { model, trainable } = buildPreferenceStep(base, 'all');
    const all: NamedTensors = new Map([...base.tensors, ...madeTrainables(rewardHeadManifest(base.config))]);
    const session = await Session.open(model);
    const out = await session.run({
      ...right,
      labels: integers([3], [0, 0, 0]),
      train: { type: 'bool', shape: [], data: Uint8Array.of(1) },
      ...Object.fromEntries(trainable.map(({ name }) => [name, all.get(name)!])),
    });
    await session.close();
    expect(out['scores']!.data as Float32Array).toBeAllClose(ofDecoder.scores, { relative: 1e-4 });
    expect(out['loss']!.data as Float32Array).toBeAllClose([ofDecoder.loss], { relative: 1e-5 });
    for (const [name, expected] of Object.entries(ofDecoder.gradients)) {
      const size = Math.max(...expected.map(Math.abs), 1e-3);
      const tolerance = { relative: 1e-4, absolute: 1e-4 * size };
      expect(out[gradientName(name)]!.data as Float32Array).toBeAllClose(expected, tolerance);
    }
  });
});
