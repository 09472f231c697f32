import { decoderManifest, type DecoderConfig } from '#language-models';
import type { NamedTensors } from '#parameters';
import { randomStream } from '#randomness';

export const GPT2_SMALL: DecoderConfig = {
  modelType: 'gpt2',
  layers: 12,
  hidden: 768,
  heads: 12,
  intermediate: 3072,
  vocabulary: 50_257,
  maxPositions: 1024,
  layerNormEpsilon: 1e-5,
  activation: 'gelu_new',
  endTokenId: 50_256,
};

/**
 * Weights like those of a new model; the same few numbers over and over, since drawing 124 million takes a minute. Each tensor begins
 * elsewhere among them: of equal matrices ONNX Runtime keeps one packed copy.
 */
export function randomWeights(config: DecoderConfig): NamedTensors {
  const noise = randomStream(2, 'bench');
  const few = Float32Array.from({ length: 65_537 }, () => 0.02 * noise.normal());
  return new Map(
    decoderManifest(config).map(({ name, shape }, tensor) => {
      const count = shape.reduce((product, size) => product * size, 1);
      const one = name.endsWith('norm.weight') ? 1 : 0;
      return [
        name,
        {
          shape,
          data: Float32Array.from({ length: count }, (_, at) => one + (few[(at + 397 * tensor) % few.length] ?? 0)),
        },
      ];
    }),
  );
}
