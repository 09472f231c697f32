import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

import { Session, type Feed } from '#autograd';

import { encoderManifest, maskedLanguageModelManifest } from '../checkpoints/tensor-names.ts';
import { buildMaskedLanguageModelStep } from './build-masked-language-model-step.ts';
import { madeWeights, TINY_ROBERTA } from './made-tensors.ts';
import { gradientName } from './step-model.ts';

const reference = JSON.parse(
  readFileSync(new URL('./fixtures/masked-language-model-step.json', import.meta.url), 'utf8'),
) as { loss: number; gradients: Record<string, number[]> };

const config = { ...TINY_ROBERTA, layers: 1 };
const integers = (shape: number[], data: number[]): Feed => ({
  type: 'int64',
  shape,
  data: BigInt64Array.from(data, BigInt),
});

describe('a masked-language-model step on a tiny RoBERTa', () => {
  it("gives transformers' loss and the gradient of every tensor, embeddings of repeated tokens included", async () => {
    const { model, trainable } = buildMaskedLanguageModelStep(config);
    const tensors = madeWeights([...encoderManifest(config), ...maskedLanguageModelManifest(config)]);
    const session = await Session.open(model);
    const out = await session.run({
      ids: integers([3, 5], [0, 5, 9, 9, 2, 0, 7, 2, 1, 1, 0, 20, 3, 2, 1]),
      mask: integers([3, 5], [1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0]),
      rows: integers([4], [1, 3, 11, 0]),
      targets: integers([4], [5, 11, 3, -100]),
      train: { type: 'bool', shape: [], data: Uint8Array.of(1) },
      ...Object.fromEntries(tensors),
    });
    await session.close();
    expect(out['loss']!.data as Float32Array).toBeAllClose([reference.loss], { relative: 1e-5 });
    for (const { name } of trainable) {
      const expected = reference.gradients[name]!;
      const size = Math.max(...expected.map(Math.abs), 1e-3);
      expect(out[gradientName(name)]!.data as Float32Array).toBeAllClose(expected, {
        relative: 1e-4,
        absolute: 1e-4 * size,
      });
    }
  });
});
