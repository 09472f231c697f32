import { toWrite, writeCheckpoint } from '../checkpoints/write-checkpoint.ts';
import type { Precision } from '../checkpoints/write-safetensors.ts';
import { toHuggingFaceDecoderConfig } from './decoder-config.ts';
import { decoderPlaces } from './decoder-tensors.ts';
import type { DecoderWeights } from './load-decoder.ts';

/**
 * Writes config.json and model.safetensors as transformers' `save_pretrained` would for a GPT2LMHeadModel, whose tied head is not stored.
 * Each file appears whole or not at all. Throws ModelError when a tensor is missing or misshapen.
 */
export async function saveDecoder(
  dir: string,
  { config, tensors }: DecoderWeights,
  options: { readonly precision: Precision },
): Promise<void> {
  const list = decoderPlaces(config).map((place) => toWrite(place, 'transformer.', tensors));
  await writeCheckpoint(dir, toHuggingFaceDecoderConfig(config), list, options.precision);
}
