import { randomStream } from '#randomness';
import type { NamedTensors, Tensor, TensorManifest } from '#parameters';

import { filled, normal } from './initial-values.ts';

/** RoBERTa's classification head over the first token: tanh(h·dense + bias)·output + bias. Weights are [in, out]. */
export function headManifest(config: { readonly hidden: number }, labels: number): TensorManifest {
  return [
    { name: 'head.dense.weight', shape: [config.hidden, config.hidden] },
    { name: 'head.dense.bias', shape: [config.hidden] },
    { name: 'head.output.weight', shape: [config.hidden, labels] },
    { name: 'head.output.bias', shape: [labels] },
  ];
}

/** Weights ~ N(0, 0.02²) and biases 0, as transformers initialises a new head (`initializer_range`). */
export function initialHead(
  config: { readonly hidden: number },
  labels: number,
  seed: number,
  client: string,
): NamedTensors {
  const tensors = new Map<string, Tensor>();
  for (const { name, shape } of headManifest(config, labels)) {
    const drawn = name.endsWith('.weight');
    tensors.set(name, drawn ? normal(shape, 0.02, randomStream(seed, 'initial-head', client, name)) : filled(shape, 0));
  }
  return tensors;
}
