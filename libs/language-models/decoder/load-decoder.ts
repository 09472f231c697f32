import type { Tensor } from '#parameters';

import { locateTensor, readCanonical, type Located } from '../checkpoints/locate-tensor.ts';
import { StoredTensors } from '../checkpoints/stored-tensors.ts';
import type { FrozenWeights } from '../graph-parameters.ts';
import { ModelError } from '../model-error.ts';
import { readDecoderConfig, type DecoderConfig } from './decoder-config.ts';
import { decoderPlaces } from './decoder-tensors.ts';

/** A decoder's config and float32 tensors under canonical names (`decoder.embeddings.word`, `decoder.0.attention.qkv.weight` …), linear weights as [in, out]. */
export interface DecoderWeights extends FrozenWeights {
  readonly config: DecoderConfig;
}

/**
 * Loads GPT-2 of any size from a Hugging Face folder: safetensors, whole or sharded, fp32, fp16 or bf16, names with or without
 * `transformer.`. The head is the word embeddings; a stored lm_head.weight is a copy of them and left alone, as are buffers of
 * causal masks. Throws ModelError naming the missing file or tensor, or the shape found and expected.
 */
export async function loadDecoder(dir: string): Promise<DecoderWeights> {
  const config = await readDecoderConfig(dir);
  const stored = await StoredTensors.open(dir);
  try {
    const tensors = new Map<string, Tensor>();
    for (const located of locateDecoder(config, stored))
      tensors.set(located.place.name, await readCanonical(stored, located));
    return { config, tensors };
  } finally {
    await stored.close();
  }
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
