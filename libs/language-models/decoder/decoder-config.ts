import { z } from 'zod';

import { checkConfig, modelTypeOf } from '../checkpoints/check-config.ts';
import { activationOf, type Activation } from '../checkpoints/encoder-config.ts';
import { readConfigJson } from '../checkpoints/read-config-json.ts';
import { ModelError } from '../model-error.ts';

/** The shape of a GPT-2 decoder, as its config.json states it: sizes are counts, `layerNormEpsilon` is added to the variance. */
export interface DecoderConfig {
  readonly modelType: 'gpt2';
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly intermediate: number;
  readonly vocabulary: number;
  /** The context: the longest sequence that the position table can number. */
  readonly maxPositions: number;
  readonly layerNormEpsilon: number;
  readonly activation: Activation;
  /** Ends a text, and begins one: GPT-2's `<|endoftext|>`. */
  readonly endTokenId: number;
}

// Bounds keep a hostile config from asking for absurd buffers; the largest published GPT-2 stays far below them.
const size = (most: number) => z.int().min(1).max(most);
// transformers leaves a value out of config.json where it equals the class default: these are GPT2Config's.
const huggingFaceConfig = z.object({
  n_layer: size(1_000).default(12),
  n_embd: size(65_536).default(768),
  n_head: size(1_000).default(12),
  n_inner: size(1_000_000).nullish(),
  vocab_size: size(10_000_000).default(50_257),
  n_positions: size(1_000_000).default(1024),
  layer_norm_epsilon: z.number().positive().max(1).default(1e-5),
  activation_function: z.string().default('gelu_new'),
  eos_token_id: z.int().min(0).nullish(),
  bos_token_id: z.int().min(0).nullish(),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  add_cross_attention: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(true),
});

/** Reads `config.json` of a Hugging Face folder. Throws ModelError `model.config-*` or `model.unsupported`, naming the field. */
export async function readDecoderConfig(dir: string): Promise<DecoderConfig> {
  const { json, path } = await readConfigJson(dir);
  return parseDecoderConfig(json, path);
}

/** Checks a parsed config.json; `where` is how errors call it. */
export function parseDecoderConfig(json: unknown, where: string): DecoderConfig {
  const modelType = modelTypeOf(json, where, ['gpt2']);
  const raw = checkConfig(huggingFaceConfig, json, where);
  refuseUnsupported(raw, where);
  const endTokenId = raw.eos_token_id ?? raw.bos_token_id ?? raw.vocab_size - 1;
  if (endTokenId >= raw.vocab_size) {
    throw new ModelError(
      'model.config-invalid',
      `${where}: eos_token_id ${endTokenId} is outside the vocabulary of ${raw.vocab_size}`,
    );
  }
  return {
    modelType,
    layers: raw.n_layer,
    hidden: raw.n_embd,
    heads: raw.n_head,
    intermediate: raw.n_inner ?? 4 * raw.n_embd,
    vocabulary: raw.vocab_size,
    maxPositions: raw.n_positions,
    layerNormEpsilon: raw.layer_norm_epsilon,
    activation: activationOf(raw.activation_function, where, 'activation_function'),
    endTokenId,
  };
}

function refuseUnsupported(raw: z.infer<typeof huggingFaceConfig>, where: string): void {
  const refuse = (reason: string) => new ModelError('model.unsupported', `${where}: ${reason}`);
  if (raw.n_embd % raw.n_head !== 0) {
    throw new ModelError(
      'model.config-invalid',
      `${where}: n_embd ${raw.n_embd} is not a multiple of n_head ${raw.n_head}`,
    );
  }
  if (!raw.scale_attn_weights) throw refuse('scale_attn_weights is false; scores are always divided by √width here');
  if (raw.scale_attn_by_inverse_layer_idx) throw refuse('scale_attn_by_inverse_layer_idx is true; it must be false');
  if (raw.add_cross_attention) throw refuse('add_cross_attention is true; a decoder without an encoder is needed');
  if (!raw.tie_word_embeddings)
    throw refuse('tie_word_embeddings is false; the head must be the word embeddings themselves');
}

/** The config.json that transformers reads back into the same decoder. */
export function toHuggingFaceDecoderConfig(config: DecoderConfig): Record<string, unknown> {
  return {
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    n_layer: config.layers,
    n_embd: config.hidden,
    n_head: config.heads,
    n_inner: config.intermediate,
    vocab_size: config.vocabulary,
    n_positions: config.maxPositions,
    layer_norm_epsilon: config.layerNormEpsilon,
    activation_function: config.activation,
    bos_token_id: config.endTokenId,
    eos_token_id: config.endTokenId,
    initializer_range: 0.02,
    tie_word_embeddings: true,
  };
}
