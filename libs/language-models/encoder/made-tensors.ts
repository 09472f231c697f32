import { encoderManifest } from '../checkpoints/tensor-names.ts';
import type { EncoderConfig } from '../checkpoints/encoder-config.ts';
import type { EncoderWeights } from '../checkpoints/load-encoder.ts';
import { elementCount, type NamedTensors, type Tensor, type TensorManifest } from '#parameters';

const TINY = { layers: 2, hidden: 8, heads: 2, intermediate: 16, vocabulary: 24, maxPositions: 14, padTokenId: 1 };
export const TINY_ROBERTA: EncoderConfig = {
  ...TINY,
  modelType: 'roberta',
  typeVocabulary: 1,
  layerNormEpsilon: 1e-5,
  activation: 'gelu',
  positionOffset: 2,
};

export const TINY_BERT: EncoderConfig = {
  ...TINY,
  modelType: 'bert',
  typeVocabulary: 2,
  layerNormEpsilon: 1e-12,
  activation: 'gelu_new',
  positionOffset: 0,
};

/** Tensors by formula, so that a fixture made by PyTorch need not carry its weights. */
export function madeTensor(index: number, shape: readonly number[], scale: number, offset = 0): Tensor {
  const wave = (_: unknown, i: number): number =>
    offset + scale * Math.sin(1.3 * i + ((0.7 * i * i) % 5) + 2.1 * (index + 1));
  return { shape, data: Float32Array.from({ length: elementCount(shape) }, wave) };
}

/** Weights that wave by ±0.5, those of norms by 1 ± 0.2. */
export function madeWeights(manifest: TensorManifest): NamedTensors {
  const make = (name: string, shape: readonly number[], i: number): Tensor =>
    name.endsWith('norm.weight') ? madeTensor(i, shape, 0.2, 1) : madeTensor(i, shape, 0.5);
  return new Map(manifest.map(({ name, shape }, i) => [name, make(name, shape, i)]));
}

export function madeEncoder(config: EncoderConfig): EncoderWeights {
  return { config, tensors: madeWeights(encoderManifest(config)) };
}

/** Trainable tensors that wave by ±0.4, in the order given. */
export function madeTrainables(manifest: TensorManifest): NamedTensors {
  return new Map(manifest.map(({ name, shape }, i) => [name, madeTensor(100 + i, shape, 0.4)]));
}
