import type { EncoderConfig } from '#language-models';

/** Batch, tokens, LoRA rank, adapter width, labels: the same for both shapes. */
export const SIZES = { batch: 8, sequence: 64, rank: 8, width: 64, labels: 4 };
export const THREADS = Number(process.env['AIRTUNE_BENCH_THREADS'] ?? 2);

export function encoderOf(layers: number, hidden: number): EncoderConfig {
  return {
    modelType: 'roberta',
    layers,
    hidden,
    heads: 12,
    intermediate: 4 * hidden,
    vocabulary: 1000,
    maxPositions: 514,
    typeVocabulary: 1,
    layerNormEpsilon: 1e-5,
    activation: 'gelu',
    positionOffset: 2,
    padTokenId: 1,
  };
}

/** RoBERTa-base but for its vocabulary. */
export const LARGE = encoderOf(12, 768);
