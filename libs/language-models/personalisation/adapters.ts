import { randomStream } from '#randomness';
import type { NamedTensors, Tensor, TensorManifest } from '#parameters';

import type { EncoderConfig } from '../checkpoints/encoder-config.ts';
import { filled, normal } from './initial-values.ts';

/** Pfeiffer adapters, one after each block's feed-forward: relu(h·down + bias)·up + bias, added to h; see numerics B2. */
export function adapterManifest(config: EncoderConfig, width: number): TensorManifest {
  return Array.from({ length: config.layers }, (_, block) => [
    { name: `adapter.${block}.down.weight`, shape: [config.hidden, width] },
    { name: `adapter.${block}.down.bias`, shape: [width] },
    { name: `adapter.${block}.up.weight`, shape: [width, config.hidden] },
    { name: `adapter.${block}.up.bias`, shape: [config.hidden] },
  ]).flat();
}

/**
 * Adapters that change nothing yet: down ~ N(0, 0.02²), everything else 0. adapter-hub's "bert" initialisation draws `up` as well and is no
 * identity; a zero `up` is, and still lets the gradient in. Shared by all clients, so drawn from the seed alone.
 */
export function initialAdapters(config: EncoderConfig, width: number, seed: number): NamedTensors {
  const tensors = new Map<string, Tensor>();
  for (const { name, shape } of adapterManifest(config, width)) {
    const drawn = name.endsWith('.down.weight');
    tensors.set(name, drawn ? normal(shape, 0.02, randomStream(seed, 'initial-adapters', name)) : filled(shape, 0));
  }
  return tensors;
}
