import { encoderManifest, maskedLanguageModelManifest, type EncoderConfig } from '#language-models';
import { elementCount, type NamedTensors, type Tensor } from '#parameters';
import { randomStream } from '#randomness';

/**
 * A new encoder with its masked-language-model head, as transformers initialises one: weights ~ N(0, 0.02²), norms 1,
 * biases 0, the padding token's embedding 0.
 */
export function initialEncoder(config: EncoderConfig, seed: number): NamedTensors {
  const tensors = new Map<string, Tensor>();
  for (const { name, shape } of [...encoderManifest(config), ...maskedLanguageModelManifest(config)]) {
    tensors.set(name, { shape, data: initialNumbers(name, elementCount(shape), seed) });
  }
  tensors
    .get('embeddings.word')
    ?.data.fill(0, config.padTokenId * config.hidden, (config.padTokenId + 1) * config.hidden);
  return tensors;
}

function initialNumbers(name: string, count: number, seed: number): Float32Array {
  const data = new Float32Array(count);
  if (name.endsWith('norm.weight')) return data.fill(1);
  if (name.endsWith('bias')) return data;
  const stream = randomStream(seed, 'initial-encoder', name);
  return data.map(() => 0.02 * stream.normal());
}
