import type { PretrainSpec } from '#contracts';
import {
  buildCausalStep,
  buildMaskedLanguageModelStep,
  saveDecoder,
  saveEncoder,
  type StepModel,
  type Tokenizer,
} from '#language-models';
import type { NamedTensors } from '#parameters';
import { initialDecoder } from './initial-decoder.ts';
import { initialEncoder } from './initial-encoder.ts';
import { maskTokens } from './mask-tokens.ts';
import { nextTokens } from './next-tokens.ts';
import { decoderConfig, encoderConfig, maskingOf } from './pretraining-config.ts';
import type { TokenBatch } from './token-batch.ts';
import type { TokenWindows } from './token-windows.ts';
import { writeVocabulary } from './write-vocabulary.ts';

/** What a model learns from text, and how it begins and is stored. */
export interface Objective {
  readonly step: StepModel;
  initial(): NamedTensors;
  /** The batch of some windows; `key` names what is drawn in it. */
  batch(windows: TokenWindows, chosen: readonly number[], ...key: (string | number)[]): TokenBatch;
  /** Writes the model's Hugging Face folder, but for the tokenizer. */
  save(tensors: NamedTensors): Promise<void>;
}

/** Masked words for an encoder, the next token for a decoder. Throws `pretraining.spec`, naming the field, when sizes do not go together. */
export function objectiveOf(spec: PretrainSpec, tokenizer: Tokenizer): Objective {
  const { out, precision, seed } = spec;
  if (spec.model.type === 'gpt2') {
    const config = decoderConfig(spec.model, spec.training.maxTokens, tokenizer);
    return {
      step: buildCausalStep(config),
      initial: () => initialDecoder(config, seed),
      batch: (windows, chosen) => nextTokens(windows, chosen, tokenizer.padTokenId),
      save: (tensors) => saveDecoder(out, { config, tensors }, { precision }),
    };
  }
  const config = encoderConfig(spec.model, spec.training.maxTokens, tokenizer);
  const masking = maskingOf(spec, tokenizer);
  return {
    step: buildMaskedLanguageModelStep(config),
    initial: () => initialEncoder(config, seed),
    batch: (windows, chosen, ...key) => maskTokens(windows, chosen, masking, ...key),
    save: async (tensors) => {
      await saveEncoder(out, { config, tensors }, { precision });
      await writeVocabulary(out, tokenizer);
    },
  };
}
