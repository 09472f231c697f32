import { createHash } from 'node:crypto';
import { safetensorsChunks } from './safetensors.ts';
import type { NamedTensors } from './tensor.ts';

/** The lower-case hexadecimal SHA-256 of some bytes, with its scheme in front. */
export type Digest = `sha256:${string}`;

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** The digest of the tensors' canonical safetensors: independent of their order and of where they came from. */
export function digestOfTensors(tensors: NamedTensors): Digest {
  const hash = createHash('sha256');
  for (const chunk of safetensorsChunks(tensors)) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

export function isDigest(text: string): text is Digest {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}
