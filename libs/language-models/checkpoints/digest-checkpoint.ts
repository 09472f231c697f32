import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

import type { Digest } from '#parameters';

import { parseDecoderConfig } from '../decoder/decoder-config.ts';
import { locateDecoder } from '../decoder/load-decoder.ts';
import { parseEncoderConfig } from './encoder-config.ts';
import { locateEncoder } from './load-encoder.ts';
import type { Located } from './locate-tensor.ts';
import { readConfigJson } from './read-config-json.ts';
import { StoredTensors } from './stored-tensors.ts';

/**
 * The digest by which sites recognise a base model: SHA-256 over its config and its tensors as float32 in the order of `encoderPlaces`
 * or `decoderPlaces`, each preceded by its canonical name and stored shape. So it says what is computed, not how it is stored: shards,
 * prefixes, gamma and beta, a head beside the encoder and a lossless change of precision leave it alone. One tensor is in memory at a time.
 */
export async function digestCheckpoint(dir: string): Promise<Digest> {
  const { json, path } = await readConfigJson(dir);
  const stored = await StoredTensors.open(dir);
  try {
    const { family, config, located } = locate(json, path, stored);
    const hash = createHash('sha256');
    const fields = Object.entries(config).sort(([left], [right]) => (left < right ? -1 : 1));
    hash.update(`airtune-${family}-1\n${JSON.stringify(fields)}\n`);
    for (const one of located) {
      const { shape, data } = stored.read(one.stored);
      hash.update(`${one.place.name} [${shape.join(',')}]\n`);
      // Every platform that Node runs on with ONNX Runtime is little endian.
      hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      await setImmediate();
    }
    return `sha256:${hash.digest('hex')}`;
  } finally {
    await stored.close();
  }
}

function locate(
  json: unknown,
  path: string,
  stored: StoredTensors,
): { readonly family: string; readonly config: object; readonly located: readonly Located[] } {
  if (modelFamily(json) === 'decoder') {
    const config = parseDecoderConfig(json, path);
    return { family: 'decoder', config, located: locateDecoder(config, stored) };
  }
  const config = parseEncoderConfig(json, path);
  return { family: 'encoder', config, located: locateEncoder(config, stored) };
}

/** What a config.json describes, by its model_type; anything but GPT-2 is left to the encoder's own checks. */
function modelFamily(json: unknown): 'encoder' | 'decoder' {
  const isGpt2 = typeof json === 'object' && json !== null && 'model_type' in json && json.model_type === 'gpt2';
  return isGpt2 ? 'decoder' : 'encoder';
}
