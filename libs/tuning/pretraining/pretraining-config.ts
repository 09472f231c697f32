import { createHash } from 'node:crypto';
import type { PretrainSpec } from '#contracts';
import type { Corpus } from '#datasets';
import type { DecoderConfig, EncoderConfig, Tokenizer } from '#language-models';
import { TuningError } from '../tuning-error.ts';
import type { MaskingSettings } from './mask-tokens.ts';

/** What decides the weights: everything but where they go and how they are written. */
export function fingerprint(spec: PretrainSpec, corpus: Corpus): string {
  const { seed, text, tokenizer, model, training } = spec;
  const deciding = { ...training, saveEverySteps: 0, evaluateEverySteps: 0 };
  const said = JSON.stringify([seed, text, tokenizer, model, deciding, corpus.digest]);
  return createHash('sha256').update(said).digest('hex').slice(0, 16);
}

type EncoderShape = Exclude<PretrainSpec['model'], { type: 'gpt2' }>;
type DecoderShape = Extract<PretrainSpec['model'], { type: 'gpt2' }>;

/** The shape of the encoder to train. Throws `pretraining.spec`, naming the field, when sizes do not go together. */
export function encoderConfig(model: EncoderShape, maxTokens: number, tokenizer: Tokenizer): EncoderConfig {
  refuseHeads(model);
  refuse(
    maxTokens > model.maxPositions,
    `training.maxTokens: ${maxTokens} is more than model.maxPositions, ${model.maxPositions}`,
  );
  const positionOffset = model.type === 'roberta' ? tokenizer.padTokenId + 1 : 0;
  return {
    modelType: model.type,
    layers: model.layers,
    hidden: model.hidden,
    heads: model.heads,
    intermediate: model.intermediate ?? 4 * model.hidden,
    vocabulary: tokenizer.vocabularySize,
    maxPositions: model.maxPositions + positionOffset,
    typeVocabulary: model.type === 'roberta' ? 1 : 2,
    layerNormEpsilon: model.type === 'roberta' ? 1e-5 : 1e-12,
    activation: 'gelu',
    positionOffset,
    padTokenId: tokenizer.padTokenId,
  };
}

/** The shape of the decoder to train. Throws as `encoderConfig`. */
export function decoderConfig(model: DecoderShape, maxTokens: number, tokenizer: Tokenizer): DecoderConfig {
  refuseHeads(model);
  refuse(maxTokens > model.context, `training.maxTokens: ${maxTokens} is more than model.context, ${model.context}`);
  return {
    modelType: 'gpt2',
    layers: model.layers,
    hidden: model.hidden,
    heads: model.heads,
    intermediate: model.intermediate ?? 4 * model.hidden,
    vocabulary: tokenizer.vocabularySize,
    maxPositions: model.context,
    layerNormEpsilon: 1e-5,
    activation: 'gelu_new',
    endTokenId: tokenizer.sepTokenId,
  };
}

function refuseHeads({ hidden, heads }: PretrainSpec['model']): void {
  refuse(hidden % heads !== 0, `model.hidden: ${hidden} is no multiple of model.heads, ${heads}`);
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
