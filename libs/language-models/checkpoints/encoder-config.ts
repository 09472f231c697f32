import { z } from 'zod';

import { ModelError } from '../model-error.ts';
import { checkConfig, modelTypeOf } from './check-config.ts';
import { readConfigJson } from './read-config-json.ts';

export type Activation = 'gelu' | 'gelu_new' | 'relu';

/** The shape of a BERT or RoBERTa encoder, as its config.json states it: sizes are counts, `layerNormEpsilon` is added to the variance. */
export interface EncoderConfig {
  readonly modelType: 'bert' | 'roberta';
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly intermediate: number;
  readonly vocabulary: number;
  /** Rows of the position table; RoBERTa's first `positionOffset` rows are never used by a real token. */
  readonly maxPositions: number;
  readonly typeVocabulary: number;
  readonly layerNormEpsilon: number;
  readonly activation: Activation;
  /** The position of the first token: 0 for BERT, pad id + 1 for RoBERTa. */
  readonly positionOffset: number;
  readonly padTokenId: number;
}

/** The longest sequence, special tokens included, that the position table can number. */
export function longestSequence(config: EncoderConfig): number {
  return config.maxPositions - config.positionOffset;
}

// The names that transformers gives to the same three functions (activations.py, ACT2FN).
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  gelu: 'gelu',
  gelu_python: 'gelu',
  gelu_new: 'gelu_new',
  gelu_fast: 'gelu_new',
  gelu_pytorch_tanh: 'gelu_new',
  relu: 'relu',
};

// Bounds keep a hostile config from asking for absurd buffers; the largest published encoders stay far below them.
const size = (most: number) => z.int().min(1).max(most);
const huggingFaceConfig = z.object({
  hidden_size: size(65_536),
  num_hidden_layers: size(1_000),
  num_attention_heads: size(1_000),
  intermediate_size: size(1_000_000),
  vocab_size: size(10_000_000),
  max_position_embeddings: size(1_000_000),
  // transformers leaves a value out of config.json where it equals the class default: these are BertConfig's and RobertaConfig's.
  type_vocab_size: size(1_000).default(2),
  layer_norm_eps: z.number().positive().max(1).default(1e-12),
  hidden_act: z.string().default('gelu'),
  pad_token_id: z.int().min(0).nullish(),
  position_embedding_type: z.string().nullish(),
  is_decoder: z.boolean().nullish(),
  add_cross_attention: z.boolean().nullish(),
});

/** Reads `config.json` of a Hugging Face folder. Throws ModelError `model.config-*` or `model.unsupported`, naming the field. */
export async function readEncoderConfig(dir: string): Promise<EncoderConfig> {
  const { json, path } = await readConfigJson(dir);
  return parseEncoderConfig(json, path);
}

/** Checks a parsed config.json; `where` is how errors call it. */
export function parseEncoderConfig(json: unknown, where: string): EncoderConfig {
  const modelType = modelTypeOf(json, where, ['bert', 'roberta']);
  const raw = checkConfig(huggingFaceConfig, json, where);
  refuseUnsupported(raw, where);
  const padTokenId = raw.pad_token_id ?? (modelType === 'roberta' ? 1 : 0);
  const positionOffset = modelType === 'roberta' ? padTokenId + 1 : 0;
  if (raw.max_position_embeddings <= positionOffset) {
    throw new ModelError(
      'model.config-invalid',
      `${where}: max_position_embeddings is ${raw.max_position_embeddings}, but positions start at ${positionOffset}`,
    );
  }
  if (padTokenId >= raw.vocab_size) {
    throw new ModelError(
      'model.config-invalid',
      `${where}: pad_token_id ${padTokenId} is outside the vocabulary of ${raw.vocab_size}`,
    );
  }
  return {
    modelType,
    layers: raw.num_hidden_layers,
    hidden: raw.hidden_size,
    heads: raw.num_attention_heads,
    intermediate: raw.intermediate_size,
    vocabulary: raw.vocab_size,
    maxPositions: raw.max_position_embeddings,
    typeVocabulary: raw.type_vocab_size,
    layerNormEpsilon: raw.layer_norm_eps,
    activation: activationOf(raw.hidden_act, where),
    positionOffset,
    padTokenId,
  };
}

/** The config.json that transformers reads back into the same encoder. */
export function toHuggingFaceConfig(config: EncoderConfig, architecture: string): Record<string, unknown> {
  return {
    architectures: [architecture],
    model_type: config.modelType,
    hidden_size: config.hidden,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    intermediate_size: config.intermediate,
    hidden_act: config.activation,
    layer_norm_eps: config.layerNormEpsilon,
    vocab_size: config.vocabulary,
    max_position_embeddings: config.maxPositions,
    type_vocab_size: config.typeVocabulary,
    pad_token_id: config.padTokenId,
    position_embedding_type: 'absolute',
    hidden_dropout_prob: 0.1,
    attention_probs_dropout_prob: 0.1,
    initializer_range: 0.02,
    tie_word_embeddings: true,
  };
}

function refuseUnsupported(raw: z.infer<typeof huggingFaceConfig>, where: string): void {
  const positions = raw.position_embedding_type ?? 'absolute';
  if (positions !== 'absolute') {
    throw new ModelError(
      'model.unsupported',
      `${where}: position_embedding_type is ${JSON.stringify(positions)}; only "absolute" positions are supported`,
    );
  }
  if (raw.is_decoder === true || raw.add_cross_attention === true) {
    throw new ModelError(
      'model.unsupported',
      `${where}: this is a decoder (is_decoder, add_cross_attention); an encoder is needed`,
    );
  }
  if (raw.hidden_size % raw.num_attention_heads !== 0) {
    throw new ModelError(
      'model.config-invalid',
      `${where}: hidden_size ${raw.hidden_size} is not a multiple of num_attention_heads ${raw.num_attention_heads}`,
    );
  }
}

/** The function that transformers calls `name`. Throws ModelError `model.unsupported`. */
export function activationOf(name: string, where: string, field = 'hidden_act'): Activation {
  const activation = Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
  if (activation === undefined) {
    const known = Object.keys(ACTIVATIONS).join(', ');
    throw new ModelError('model.unsupported', `${where}: ${field} is ${JSON.stringify(name)}; supported are ${known}`);
  }
  return activation;
}
