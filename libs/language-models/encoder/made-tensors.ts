import { encoderManifest } from '../checkpoints/tensor-names.ts';
import type { EncoderConfig } from '../checkpoints/encoder-config.ts';
import type { EncoderWeights } from '../checkpoints/load-encoder.ts';
import { elementCount, type NamedTensors, type Tensor } from '#parameters';

/** Tensors by formula, so that a fixture made by PyTorch need not carry its weights. */
export function madeTensor(index: number, shape: readonly number[], scale: number, offset = 0): Tensor {
  const wave = (_: unknown, i: number): number =>
    offset + scale * Math.sin(1.3 * i + ((0.7 * i * i) % 5) + 2.1 * (index + 1));
  return { shape, data: Float32Array.from({ length: elementCount(shape) }, wave) };
}

/** An encoder whose weights wave by ±0.5, its norms by 1 ± 0.2. */
export function madeEncoder(config: EncoderConfig): EncoderWeights {
  const tensors = new Map<string, Tensor>();
  encoderManifest(config).forEach(({ name, shape }, i) => {
    const norm = name.endsWith('norm.weight');
    tensors.set(name, madeTensor(i, shape, norm ? 0.2 : 0.5, norm ? 1 : 0));
  });
  return { config, tensors };
}

/** Trainable tensors that wave by ±0.4, in the order given. */
export function madeTrainables(manifest: readonly { name: string; shape: readonly number[] }[]): NamedTensors {
  return new Map(manifest.map(({ name, shape }, i) => [name, madeTensor(100 + i, shape, 0.4)]));
}
