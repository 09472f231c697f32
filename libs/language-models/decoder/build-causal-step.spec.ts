import { describe, expect, it } from '@jest/globals';

import { Session, type Feed } from '#autograd';

import { gradientName } from '../encoder/step-model.ts';
import { buildCausalStep } from './build-causal-step.ts';
import { loadDecoder } from './load-decoder.ts';
import { readFixture, TINY } from './read-fixture.ts';

const integers = (values: readonly number[], shape = [values.length]): Feed => ({
  type: 'int64',
  shape,
  data: BigInt64Array.from(values, BigInt),
});

describe('a step of next-token prediction', () => {
  it.each([
    ['of every tensor, tied embeddings included', undefined],
    ['of the top two blocks on a frozen rest', 2],
  ])("has PyTorch's loss and gradients, %s", async (_, trainableBlocks) => {
    const { config, tensors } = await loadDecoder(TINY);
    const { step } = await readFixture(TINY);
    const frozen = trainableBlocks === undefined ? undefined : { tensors, trainableBlocks };
    const { model, trainable } = buildCausalStep(config, frozen);
    const session = await Session.open(model);
    const feeds = {
      ids: integers(step.ids.flat(), [step.ids.length, step.ids[0]!.length]),
      mask: integers(step.mask.flat(), [step.mask.length, step.mask[0]!.length]),
      rows: integers(step.rows),
      targets: integers(step.targets),
      train: { type: 'bool' as const, shape: [], data: Uint8Array.of(1) },
      ...Object.fromEntries(trainable.map(({ name }) => [name, tensors.get(name)!])),
    };
    const found = await session.run(feeds);
    await session.close();
    expect(found['loss']!.data[0]).toBeCloseTo(step.loss, 5);
    const expected = { ...step.gradients, ...(trainableBlocks === undefined ? step.embeddingGradients : {}) };
    expect(Object.keys(expected).every((name) => trainable.some((one) => one.name === name))).toBe(true);
    for (const [name, gradient] of Object.entries(expected))
      expect(found[gradientName(name)]!.data as Float32Array).toBeAllClose(gradient, {
        relative: 1e-3,
        absolute: 1e-5,
      });
  });
});
