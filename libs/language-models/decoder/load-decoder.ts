import { floatsOf } from '#autograd';
import type { NamedTensors } from '#parameters';

import { locateTensor, readTensors, unreadTensors, type Located } from '../checkpoints/locate-tensor.ts';
import { StoredTensors } from '../checkpoints/stored-tensors.ts';
import type { FrozenWeights } from '../graph-parameters.ts';
import { ModelError } from '../model-error.ts';
import { tensorNamed } from '../tensor-named.ts';
import { readDecoderConfig, type DecoderConfig } from './decoder-config.ts';
import { decoderPlaces, tunedManifest } from './decoder-tensors.ts';

/** A decoder's config and float32 tensors under canonical names (`decoder.embeddings.word`, `decoder.0.attention.qkv.weight` …), linear weights as [in, out]. */
export interface FrozenDecoder extends FrozenWeights {
  readonly config: DecoderConfig;
}

/** The same in memory. */
export interface DecoderWeights extends FrozenDecoder {
  readonly tensors: NamedTensors;
}

/**
 * Loads GPT-2 of any size from a Hugging Face folder: safetensors, whole or sharded, fp32, fp16 or bf16, names with or without
 * `transformer.`. The head is the word embeddings; a stored lm_head.weight is a copy of them and left alone, as are buffers of
 * causal masks. Throws ModelError naming the missing file or tensor, or the shape found and expected.
 */
export async function loadDecoder(dir: string): Promise<DecoderWeights> {
  return withDecoder(dir, async ({ config, tensors }) => ({ config, tensors: await readTensors(tensors) }));
}

/** The same without its numbers in memory: during `use` each tensor is read when it is needed, and whatever is wrong with it is said then. */
export async function withDecoder<T>(dir: string, use: (decoder: FrozenDecoder) => Promise<T>): Promise<T> {
  const config = await readDecoderConfig(dir);
  const stored = await StoredTensors.open(dir);
  try {
    return await use({ config, tensors: unreadTensors(stored, locateDecoder(config, stored)) });
  } finally {
    await stored.close();
  }
}

/** The top blocks' tensors, in memory: where tuning begins. Throws ModelError `model.tensor-missing`. */
export function tunedTensors({ config, tensors }: FrozenDecoder, trainableBlocks: number): NamedTensors {
  return new Map(
    tunedManifest(config, trainableBlocks).map(({ name, shape }) => {
      return [name, { shape, data: floatsOf(tensorNamed(tensors, name)) }] as const;
    }),
  );
}

/** Finds every tensor and checks its shape, before any is read. */
export function locateDecoder(config: DecoderConfig, stored: StoredTensors): Located[] {
  const probe = 'wte.weight';
  const prefix = ['transformer.', ''].find((candidate) => stored.has(candidate + probe));
  if (prefix === undefined) {
    const message = `${stored.dir} has no tensor ${probe}, with or without the prefix "transformer."`;
    throw new ModelError('model.tensor-missing', message);
  }
  return decoderPlaces(config).map((place) => locateTensor(place, [prefix + place.stored], stored));
}
