import { describe, expect, it } from '@jest/globals';

import { probeInt8, Session, type Feed } from '#autograd';

import { adapterManifest } from '../personalisation/adapters.ts';
import { headManifest } from '../personalisation/head.ts';
import { loraManifest } from '../personalisation/lora.ts';
import { savesMemory } from '../precision/in-precision.ts';
import { buildClassifierStep } from './build-classifier-step.ts';
import { madeEncoder, madeTrainables, TINY_ROBERTA } from './made-tensors.ts';

const [batch, sequence] = [8, 10];
const integers = (shape: number[], value: (i: number) => number): Feed => ({
  type: 'int64',
  shape,
  data: BigInt64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => BigInt(value(i))),
});

/** What this processor computes without a sum that saturates. */
const levels = (await probeInt8()) ?? 63;

describe('a classifier step', () => {
  // As wide as it takes for ONNX Runtime to sum in several blocks, and to give the first tokens' few rows to several threads.
  const config = { ...TINY_ROBERTA, hidden: 384, heads: 12 };

  it.each([
    ['fp32', { precision: 'fp32' }],
    ['int8', { precision: 'int8', levels, exceptions: new Set<string>() }],
    ['int8 without copies', { precision: 'int8', levels, exceptions: new Set<string>(), gradients: 'dequantised' }],
  ] as const)('gives the same bits however many threads compute it, in %s', async (_, arithmetic) => {
    const { model } = buildClassifierStep(
      { ...madeEncoder(config), arithmetic },
      { adapters: true, loraBlocks: [0, 1], labels: 3 },
    );
    const tensors = madeTrainables([
      ...loraManifest(config, { rank: 8, blocks: [0, 1] }),
      ...adapterManifest(config, 64),
      ...headManifest(config, 3),
    ]);
    const feeds: Record<string, Feed> = {
      ids: integers([batch, sequence], (i) => 3 + (i % 20)),
      mask: integers([batch, sequence], (i) => (i % sequence < 7 ? 1 : 0)),
      labels: integers([batch], (i) => i % 3),
      loraScale: { shape: [], data: Float32Array.of(2) },
      train: { type: 'bool', shape: [], data: Uint8Array.of(1) },
      ...Object.fromEntries(
        [...tensors].map(([name, { shape, data }]) => [name, { shape, data: data.map((x) => x / 10) }]),
      ),
    };
    const outputs = [];
    for (const threads of [1, 2, 4]) {
      const session = await Session.open(model, { threads, prepack: !savesMemory({ arithmetic }) });
      outputs.push(await session.run(feeds));
      await session.close();
    }
    expect(outputs[1]).toEqual(outputs[0]);
    expect(outputs[2]).toEqual(outputs[0]);
  });
});
