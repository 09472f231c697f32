import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

import { Session, type Feed } from '#autograd';
import type { NamedTensors } from '#parameters';

import type { EncoderConfig } from '../checkpoints/encoder-config.ts';
import { adapterManifest } from '../personalisation/adapters.ts';
import { headManifest } from '../personalisation/head.ts';
import { loraManifest } from '../personalisation/lora.ts';
import { buildClassifierStep } from './build-classifier-step.ts';
import { madeEncoder, madeTrainables, TINY_BERT, TINY_ROBERTA } from './made-tensors.ts';
import { gradientName } from './step-model.ts';

interface Reference {
  readonly loss: number;
  readonly logits: number[];
  readonly gradients: Record<string, number[]>;
  readonly afterTenSteps: Record<string, number[]>;
  readonly lossAfter: number;
}
const fixture = JSON.parse(readFileSync(new URL('./fixtures/classifier-step.json', import.meta.url), 'utf8')) as Record<
  'roberta' | 'bert',
  Reference
>;

const integers = (rows: number[][]): Feed => ({
  type: 'int64',
  shape: [rows.length, rows[0]!.length],
  data: BigInt64Array.from(rows.flat(), BigInt),
});
const batch = {
  ids: integers([
    [0, 5, 9, 9, 2],
    [0, 7, 2, 1, 1],
    [0, 20, 3, 2, 1],
  ]),
  mask: integers([
    [1, 1, 1, 1, 1],
    [1, 1, 1, 0, 0],
    [1, 1, 1, 1, 0],
  ]),
  labels: { type: 'int64', shape: [3], data: BigInt64Array.of(0n, 2n, 1n) },
  loraScale: { shape: [], data: Float32Array.of(8 / 2) },
} satisfies Record<string, Feed>;
const switchTo = (train: boolean): Feed => ({ type: 'bool', shape: [], data: Uint8Array.of(train ? 1 : 0) });

/** In the order in which the fixture's tensors were made. */
function trainables(config: EncoderConfig, loraBlocks: number[]): NamedTensors {
  const blocks = Array.from({ length: config.layers }, (_, block) => [
    ...(loraBlocks.includes(block) ? loraManifest(config, { rank: 2, blocks: [block] }) : []),
    ...adapterManifest(config, 3).filter(({ name }) => name.startsWith(`adapter.${block}.`)),
  ]);
  return madeTrainables([...blocks.flat(), ...headManifest(config, 3)]);
}

describe.each([
  { name: 'roberta' as const, config: TINY_ROBERTA, loraBlocks: [0, 1] },
  { name: 'bert' as const, config: TINY_BERT, loraBlocks: [1] },
])('a classifier step on a tiny $name', ({ name, config, loraBlocks }) => {
  const reference = fixture[name];
  const { model, trainable } = buildClassifierStep(madeEncoder(config), { adapters: true, loraBlocks, labels: 3 });
  const run = async (session: Session, tensors: NamedTensors, train: boolean) =>
    session.run({ ...batch, train: switchTo(train), ...Object.fromEntries(tensors) });

  it("gives PyTorch's loss, logits and gradients", async () => {
    const session = await Session.open(model);
    const tensors = trainables(config, loraBlocks);
    const out = await run(session, tensors, true);
    expect(out['loss']!.data as Float32Array).toBeAllClose([reference.loss], { relative: 1e-5 });
    expect(out['logits']!.data as Float32Array).toBeAllClose(reference.logits, { relative: 1e-5, absolute: 1e-5 });
    expect(trainable.map((t) => t.name).sort()).toEqual([...tensors.keys()].sort());
    for (const [tensor, expected] of Object.entries(reference.gradients)) {
      const gradient = out[gradientName(tensor)]!.data as Float32Array;
      const size = Math.max(...expected.map(Math.abs));
      expect(gradient).toBeAllClose(expected, { relative: 1e-4, absolute: 1e-4 * size });
    }
    await session.close();
  });

  it('evaluates with the same session, without gradients', async () => {
    const session = await Session.open(model);
    const out = await run(session, trainables(config, loraBlocks), false);
    expect(out['loss']!.data as Float32Array).toBeAllClose([reference.loss], { relative: 1e-5 });
    expect(out['gradient.head.dense.bias']!.shape).toEqual([0]);
    await session.close();
  });

  it("stays with PyTorch's AdamW for ten steps", async () => {
    const session = await Session.open(model);
    const tensors = trainables(config, loraBlocks);
    const moments = new Map([...tensors].map(([key, { data }]) => [key, data.slice().fill(0)]));
    const squares = new Map([...tensors].map(([key, { data }]) => [key, data.slice().fill(0)]));
    for (let step = 1; step <= 10; step += 1) {
      const out = await run(session, tensors, true);
      for (const [key, { data }] of tensors) {
        adamW(data, out[gradientName(key)]!.data as Float32Array, moments.get(key)!, squares.get(key)!, step);
      }
    }
    for (const [tensor, expected] of Object.entries(reference.afterTenSteps)) {
      expect(tensors.get(tensor)!.data).toBeAllClose(expected, { relative: 1e-3, absolute: 1e-3 * 0.4 });
    }
    const out = await run(session, tensors, false);
    expect(out['loss']!.data as Float32Array).toBeAllClose([reference.lossAfter], { relative: 1e-3 });
    await session.close();
  });
});

/** PyTorch's defaults, learning rate 0.01, weight decay 0.01. */
function adamW(p: Float32Array, slope: Float32Array, m: Float32Array, v: Float32Array, step: number): void {
  for (let i = 0; i < p.length; i += 1) {
    m[i] = 0.9 * m[i]! + 0.1 * slope[i]!;
    v[i] = 0.999 * v[i]! + 0.001 * slope[i]! ** 2;
    const stride = m[i]! / (1 - 0.9 ** step) / (Math.sqrt(v[i]! / (1 - 0.999 ** step)) + 1e-8);
    p[i] = p[i]! * (1 - 0.01 * 0.01) - 0.01 * stride;
  }
}
