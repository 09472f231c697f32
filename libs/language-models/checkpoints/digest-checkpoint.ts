import { createHash } from 'node:crypto';

import type { Digest } from '#parameters';

import { readEncoderConfig } from './encoder-config.ts';
import { locateEncoder } from './load-encoder.ts';
import { StoredTensors } from './stored-tensors.ts';

/**
 * The digest by which sites recognise a base model: SHA-256 over the encoder's config and its tensors as float32 in the order of
 * `encoderPlaces`, each preceded by its canonical name and stored shape. So it says what is computed, not how it is stored: shards,
 * prefixes, gamma and beta, a head beside the encoder and a lossless change of precision leave it alone. One tensor is in memory at a time.
 */
export async function digestCheckpoint(dir: string): Promise<Digest> {
  const config = await readEncoderConfig(dir);
  const stored = await StoredTensors.open(dir);
  try {
    const hash = createHash('sha256');
    const fields = Object.entries(config).sort(([left], [right]) => (left < right ? -1 : 1));
    hash.update(`airtune-encoder-1\n${JSON.stringify(fields)}\n`);
    for (const located of locateEncoder(config, stored)) {
      const { shape, data } = await stored.read(located.stored);
      hash.update(`${located.place.name} [${shape.join(',')}]\n`);
      // Every platform that Node runs on with ONNX Runtime is little endian.
      hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    return `sha256:${hash.digest('hex')}`;
  } finally {
    await stored.close();
  }
}
