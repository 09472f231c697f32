import { createHash } from 'node:crypto';
import type { PretrainSpec } from '#contracts';
import type { Corpus } from '#datasets';
import type { EncoderConfig, Tokenizer } from '#language-models';
import { TuningError } from '../tuning-error.ts';
import type { MaskingSettings } from './mask-tokens.ts';

/** What decides the weights: everything but where they go and how they are written. */
export function fingerprint(spec: PretrainSpec, corpus: Corpus): string {
  const { seed, text, tokenizer, model, training } = spec;
  const deciding = { ...training, saveEverySteps: 0, evaluateEverySteps: 0 };
  const said = JSON.stringify([seed, text, tokenizer, model, deciding, corpus.digest]);
  return createHash('sha256').update(said).digest('hex').slice(0, 16);
}

/** The shape of the encoder to train. Throws `pretraining.spec`, naming the field, when sizes do not go together. */
export function encoderConfig({ model, training }: PretrainSpec, tokenizer: Tokenizer): EncoderConfig {
  refuse(
    model.hidden % model.heads !== 0,
    `model.hidden: ${model.hidden} is no multiple of model.heads, ${model.heads}`,
  );
  refuse(
    training.maxTokens > model.maxPositions,
    `training.maxTokens: ${training.maxTokens} is more than model.maxPositions, ${model.maxPositions}`,
  );
  const positionOffset = model.type === 'roberta' ? tokenizer.padTokenId + 1 : 0;
  return {
    modelType: model.type,
    layers: model.layers,
    hidden: model.hidden,
    heads: model.heads,
    intermediate: model.intermediate,
    vocabulary: tokenizer.vocabularySize,
    maxPositions: model.maxPositions + positionOffset,
    typeVocabulary: model.type === 'roberta' ? 1 : 2,
    layerNormEpsilon: model.type === 'roberta' ? 1e-5 : 1e-12,
    activation: 'gelu',
    positionOffset,
    padTokenId: tokenizer.padTokenId,
  };
}

/** How tokens are corrupted. */
export function maskingOf({ seed, training }: PretrainSpec, tokenizer: Tokenizer): MaskingSettings {
  const { maskTokenId, padTokenId, vocabularySize, specialTokenIds } = tokenizer;
  if (maskTokenId === undefined) throw new TuningError('pretraining.no-mask-token', 'The tokenizer has no mask token.');
  return { seed, maskFraction: training.maskFraction, maskTokenId, padTokenId, vocabularySize, specialTokenIds };
}

function refuse(wrong: boolean, message: string): void {
  if (wrong) throw new TuningError('pretraining.spec', message);
}
