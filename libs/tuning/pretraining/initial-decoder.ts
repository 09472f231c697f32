import { decoderManifest, type DecoderConfig } from '#language-models';
import { elementCount, type NamedTensors, type Tensor } from '#parameters';
import { randomStream } from '#randomness';

/**
 * A new GPT-2, as transformers initialises one: weights ~ N(0, 0.02²), those that lead back into the residual stream smaller by
 * √(2 · blocks), norms 1, biases 0.
 */
export function initialDecoder(config: DecoderConfig, seed: number): NamedTensors {
  const tensors = new Map<string, Tensor>();
  for (const { name, shape } of decoderManifest(config)) {
    tensors.set(name, { shape, data: initialNumbers(name, elementCount(shape), config.layers, seed) });
  }
  return tensors;
}

function initialNumbers(name: string, count: number, layers: number, seed: number): Float32Array {
  const data = new Float32Array(count);
  if (name.endsWith('norm.weight')) return data.fill(1);
  if (name.endsWith('bias')) return data;
  const deviation = name.endsWith('output.weight') ? 0.02 / Math.sqrt(2 * layers) : 0.02;
  const stream = randomStream(seed, 'initial-decoder', name);
  return data.map(() => deviation * stream.normal());
}
