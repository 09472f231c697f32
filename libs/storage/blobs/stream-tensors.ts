import { viewSafetensors, type Digest, type NamedTensors } from '#parameters';
import type { BlobStore } from './blob-store.ts';

/**
 * The tensors of one blob after the other, in the order given, through one buffer of `maxBytes`: what was yielded before
 * is overwritten. Each blob is verified. Throws `storage.blob-missing`, `-corrupt` or `-too-large`.
 */
export async function* streamTensors<Entry extends { readonly digest: Digest }>(
  blobs: BlobStore,
  entries: readonly Entry[],
  maxBytes: number,
): AsyncGenerator<Entry & { readonly tensors: NamedTensors }> {
  const memory = new Uint8Array(maxBytes);
  for (const entry of entries) yield { ...entry, tensors: viewSafetensors(await blobs.readInto(entry.digest, memory)) };
}
