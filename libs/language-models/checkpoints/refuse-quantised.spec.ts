import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { parseSafetensorsHeader } from '#parameters';

import { loadDecoder } from '../decoder/load-decoder.ts';
import { reportPrecision } from '../precision/report-precision.ts';
import { loadRewardBase } from '../reward/reward-base.ts';
import { digestCheckpoint } from './digest-checkpoint.ts';
import { loadEncoder } from './load-encoder.ts';

const ENCODER = 'models/tiny-encoder';
const DECODER = 'models/tiny-gpt2';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'airtune-quantised-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Stored {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** A copy of a model's folder with other tensors in the place of one. */
async function rewritten(model: string, changed: string, instead: (whole: Stored) => Stored[]): Promise<string> {
  const dir = await mkdtemp(join(folder, 'model-'));
  await cp(model, dir, { recursive: true });
  const path = join(dir, 'model.safetensors');
  const file = await readFile(path);
  const { headerBytes, tensors } = parseSafetensorsHeader(file, file.length);
  const header: Record<string, unknown> = {};
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [name, { dtype, shape, begin, end: last }] of tensors) {
    const whole = { name, dtype, shape, bytes: last - begin };
    for (const stored of name === changed ? instead(whole) : [whole]) {
      header[stored.name] = { dtype: stored.dtype, shape: stored.shape, data_offsets: [end, end + stored.bytes] };
      parts.push(file.subarray(headerBytes + begin, headerBytes + begin + stored.bytes));
      end += stored.bytes;
    }
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  await writeFile(path, Buffer.concat([length, json, ...parts]));
  return dir;
}

const QUERY = 'bert.encoder.layer.2.attention.self.query.weight';
const QKV = 'transformer.h.1.attn.c_attn.weight';

/** From fp16: a byte a number, or eight numbers in the four bytes of an I32, or a column of two a byte. */
const bytewise = (dtype: string) => (whole: Stored) => [{ ...whole, dtype, bytes: whole.bytes / 2 }];
const packed = ({ name, shape: [inner = 0, out = 0], bytes }: Stored) => [
  { name: name.replace('weight', 'qweight'), dtype: 'I32', shape: [inner / 8, out], bytes: bytes / 4 },
];
const column = ({ name, bytes }: Stored) => [{ name, dtype: 'U8', shape: [bytes / 4, 1], bytes: bytes / 4 }];

describe('a folder whose matrices are quantised already', () => {
  it.each([
    ['bytes, as bitsandbytes has them', ENCODER, QUERY, QUERY, 'I8', bytewise('I8')],
    ['4 bits, as bitsandbytes has them', ENCODER, QUERY, QUERY, 'U8', column],
    ['floats of 8 bits', DECODER, QKV, QKV, 'F8_E4M3', bytewise('F8_E4M3')],
    ['the other floats of 8 bits', ENCODER, QUERY, QUERY, 'F8_E5M2', bytewise('F8_E5M2')],
    ['4 bits, as GPTQ packs them', DECODER, QKV, QKV.replace('weight', 'qweight'), 'I32', packed],
  ])('is refused wherever it is opened: %s', async (_, model, changed, name, dtype, instead) => {
    const dir = await rewritten(model, changed, instead);
    const load = model === ENCODER ? loadEncoder : loadDecoder;
    for (const open of [load, digestCheckpoint, loadRewardBase, reportPrecision]) {
      const refused = expect(open(dir)).rejects;
      await refused.toMatchObject({ code: 'model.already-quantised' });
      await refused.toThrow(
        `${join(dir, 'model.safetensors')}: tensor ${name} is stored as ${dtype}: this model is quantised already; give the original checkpoint (fp32, fp16 or bf16)`,
      );
    }
  });

  it('is not one where whole numbers are a buffer that nobody asks for', async () => {
    const mask = { name: 'transformer.h.1.attn.bias', dtype: 'U8', shape: [1, 1, 8, 8], bytes: 64 };
    const dir = await rewritten(DECODER, QKV, (whole) => [whole, mask]);
    expect(await digestCheckpoint(dir)).toBe(await digestCheckpoint(DECODER));
  });
});
