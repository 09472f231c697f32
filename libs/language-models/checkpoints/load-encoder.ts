import type { NamedTensors } from '#parameters';

import type { FrozenWeights } from '../graph-parameters.ts';
import { ModelError } from '../model-error.ts';
import { readEncoderConfig, type EncoderConfig } from './encoder-config.ts';
import { locateTensor, readTensors, unreadTensors, type Located } from './locate-tensor.ts';
import { StoredTensors } from './stored-tensors.ts';
import { encoderPlaces, maskedLanguageModelPlaces, oldName } from './tensor-names.ts';
import type { TensorPlace } from './tensor-place.ts';

/**
 * An encoder's config and float32 tensors under canonical names (`embeddings.word`, `block.0.attention.query.weight` …, see
 * tensor-names.ts), linear weights as [in, out]. `mlm.*` tensors are there when the checkpoint has a masked-language-model head.
 */
export interface FrozenEncoder extends FrozenWeights {
  readonly config: EncoderConfig;
}

/** The same in memory. */
export interface EncoderWeights extends FrozenEncoder {
  readonly tensors: NamedTensors;
}

/**
 * Loads BERT or RoBERTa from a Hugging Face folder: safetensors, whole or sharded, fp32, fp16 or bf16, names with or without the model's
 * prefix. Poolers and task heads are left alone. Throws ModelError naming the missing file or tensor, or the shape found and expected.
 */
export async function loadEncoder(dir: string): Promise<EncoderWeights> {
  return withEncoder(dir, async ({ config, tensors }) => ({ config, tensors: await readTensors(tensors) }));
}

/** The same without its numbers in memory: during `use` each tensor is read when it is needed, and whatever is wrong with it is said then. */
export async function withEncoder<T>(dir: string, use: (encoder: FrozenEncoder) => Promise<T>): Promise<T> {
  const config = await readEncoderConfig(dir);
  const stored = await StoredTensors.open(dir);
  try {
    const located = [...locateEncoder(config, stored), ...locateMaskedLanguageModel(config, stored)];
    return await use({ config, tensors: unreadTensors(stored, located) });
  } finally {
    await stored.close();
  }
}

/** Finds every encoder tensor and checks its shape, before any is read. */
export function locateEncoder(config: EncoderConfig, stored: StoredTensors): Located[] {
  const prefix = prefixOf(stored);
  return encoderPlaces(config).map((place) => locate(place, prefix, stored));
}

// A part of a head would be of no use: it is all there, or none is taken.
function locateMaskedLanguageModel(config: EncoderConfig, stored: StoredTensors): Located[] {
  const places = maskedLanguageModelPlaces(config);
  const complete = places.every(({ stored: name }) => stored.has(name) || stored.has(oldName(name)));
  return complete ? places.map((place) => locate(place, '', stored)) : [];
}

function prefixOf(stored: StoredTensors): string {
  const probe = 'embeddings.word_embeddings.weight';
  const prefix = ['bert.', 'roberta.', ''].find((candidate) => stored.has(candidate + probe));
  if (prefix === undefined) {
    throw new ModelError(
      'model.tensor-missing',
      `${stored.dir} has no tensor ${probe}, with or without the prefix "bert." or "roberta."`,
    );
  }
  return prefix;
}

function locate(place: TensorPlace, prefix: string, stored: StoredTensors): Located {
  const name = prefix + place.stored;
  return locateTensor(place, [name, oldName(name)], stored);
}
