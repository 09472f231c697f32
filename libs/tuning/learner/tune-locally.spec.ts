import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  adapterManifest,
  encoderManifest,
  headManifest,
  loraManifest,
  saveEncoder,
  type EncoderConfig,
} from '#language-models';
import { elementCount, type NamedTensors, type Tensor, type TensorManifest } from '#parameters';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { packExamples } from '../batches/tokenised-examples.ts';
import { ClassifierSession } from './classifier-session.ts';
import { evaluate } from './evaluate.ts';
import { tuneLocally, type TuningSettings } from './tune-locally.ts';

/** The tiny RoBERTa of the step model's fixture, whose ten AdamW steps PyTorch took on one batch. */
const config: EncoderConfig = {
  modelType: 'roberta',
  layers: 2,
  hidden: 8,
  heads: 2,
  intermediate: 16,
  vocabulary: 24,
  maxPositions: 14,
  padTokenId: 1,
  typeVocabulary: 1,
  layerNormEpsilon: 1e-5,
  activation: 'gelu',
  positionOffset: 2,
};
const examples = packExamples(
  [
    [0, 5, 9, 9, 2],
    [0, 7, 2],
    [0, 20, 3, 2],
  ],
  [0, 2, 1],
);
const settings: TuningSettings = {
  optimiser: 'adamw',
  learningRate: 0.01,
  weightDecay: 0.01,
  clipNorm: 1e6,
  schedule: 'constant',
  totalSteps: 10,
  warmupSteps: 0,
  firstStep: 0,
  loraScale: 4,
};

/** Tensors by the formula by which the fixture's were made. */
function made(index: number, shape: readonly number[], scale: number, offset = 0): Tensor {
  const wave = (_: unknown, i: number) => offset + scale * Math.sin(1.3 * i + ((0.7 * i * i) % 5) + 2.1 * (index + 1));
  return { shape, data: Float32Array.from({ length: elementCount(shape) }, wave) };
}

function encoder(): NamedTensors {
  const norm = (name: string) => name.endsWith('norm.weight');
  return new Map(
    encoderManifest(config).map(({ name, shape }, i) => [
      name,
      made(i, shape, norm(name) ? 0.2 : 0.5, norm(name) ? 1 : 0),
    ]),
  );
}

function trainables(): NamedTensors {
  const blocks: TensorManifest[] = [0, 1].map((block) => [
    ...loraManifest(config, { rank: 2, blocks: [block] }),
    ...adapterManifest(config, 3).filter(({ name }) => name.startsWith(`adapter.${block}.`)),
  ]);
  const manifest = [...blocks.flat(), ...headManifest(config, 3)];
  return new Map(manifest.map(({ name, shape }, i) => [name, made(100 + i, shape, 0.4)]));
}

const tenBatches = Array.from({ length: 10 }, () => [0, 1, 2]);

describe('a local learner', () => {
  let folder: string;
  let session: ClassifierSession;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tune-locally-'));
    await saveEncoder(folder, { config, tensors: encoder() }, { precision: 'fp32' });
    const shape = { adapters: true, loraBlocks: [0, 1], labels: 3 };
    session = await ClassifierSession.open({ modelFolder: folder, shape }, { threads: 1 });
  });

  afterAll(async () => {
    await session.close();
    await rm(folder, { recursive: true });
  });

  it("takes PyTorch's ten AdamW steps", async () => {
    const path = new URL('../../language-models/encoder/fixtures/classifier-step.json', import.meta.url);
    const fixture = JSON.parse(await readFile(path, 'utf8')) as Record<
      string,
      { loss: number; lossAfter: number; afterTenSteps: Record<string, number[]> }
    >;
    const { loss, lossAfter, afterTenSteps } = fixture['roberta']!;
    const parameters = trainables();
    const result = await tuneLocally(session, parameters, { examples, batches: tenBatches }, settings);
    expect(result).toMatchObject({ outcome: 'trained', optimiser: { step: 10 } });
    if (result.outcome === 'trained') expect(result.losses.slice(0, 1)).toBeAllClose([loss], { relative: 1e-4 });
    for (const [name, expected] of Object.entries(afterTenSteps)) {
      expect(parameters.get(name)!.data).toBeAllClose(expected, { relative: 1e-3, absolute: 1e-3 * 0.4 });
    }
    const after = await evaluate(session, parameters, examples, { batchSize: 2, loraScale: 4 });
    expect([after.loss]).toBeAllClose([lossAfter], { relative: 1e-3 });
  });

  it('goes on after a pause with the same bits when the moments are kept', async () => {
    const whole = trainables();
    await tuneLocally(session, whole, { examples, batches: tenBatches }, settings);
    const parts = trainables();
    const first = await tuneLocally(session, parts, { examples, batches: tenBatches.slice(0, 4) }, settings);
    if (first.outcome !== 'trained') throw new Error(first.what);
    const rest = { examples, batches: tenBatches.slice(4) };
    await tuneLocally(session, parts, rest, { ...settings, firstStep: 4 }, first.optimiser);
    expect(parts).toEqual(whole);
  });

  it('reports a loss that is not finite instead of throwing', async () => {
    const parameters = trainables();
    parameters.get('head.output.bias')!.data[0] = NaN;
    const result = await tuneLocally(session, parameters, { examples, batches: tenBatches }, settings);
    expect(result).toEqual({ outcome: 'stopped', step: 0, what: 'the loss is NaN' });
  });

  it('trains a client whose LoRA is of another rank and in fewer blocks on the same session', async () => {
    const parameters = new Map([...trainables()].filter(([name]) => !name.startsWith('lora.0.')));
    for (const [name, { shape }] of parameters) {
      if (!name.startsWith('lora.')) continue;
      const other = shape.map((size) => (size === 2 ? 3 : size));
      parameters.set(name, made(7, other, 0.4));
    }
    const before = structuredClone(parameters);
    const result = await tuneLocally(session, parameters, { examples, batches: tenBatches }, settings);
    expect(result.outcome).toBe('trained');
    expect([...parameters.keys()]).toEqual([...before.keys()]);
    expect(parameters.get('lora.1.value.a')!.data).not.toEqual(before.get('lora.1.value.a')!.data);
  });

  it('evaluates alike in whatever batches, and counts right answers', async () => {
    const parameters = trainables();
    const one = await evaluate(session, parameters, examples, { batchSize: 1, loraScale: 4 });
    const all = await evaluate(session, parameters, examples, { batchSize: 3, loraScale: 4 });
    expect(all.correct).toBe(one.correct);
    expect([all.loss]).toBeAllClose([one.loss]);
    await tuneLocally(
      session,
      parameters,
      { examples, batches: Array.from({ length: 60 }, () => [0, 1, 2]) },
      settings,
    );
    const trained = await evaluate(session, parameters, examples, { batchSize: 3, loraScale: 4 });
    expect(trained).toMatchObject({ correct: 3, examples: 3 });
  });
});
