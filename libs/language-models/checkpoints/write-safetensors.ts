import { open, rename, rm } from 'node:fs/promises';

import { floatToHalf, type Tensor } from '#parameters';

import { ModelError } from '../model-error.ts';

export type Precision = 'fp32' | 'fp16';

/** A tensor to write; `values` is called when its turn comes, so that transposed copies do not pile up. */
export interface TensorToWrite {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: () => Tensor;
}

/**
 * Writes a safetensors file tensor by tensor, then renames it into place. Beside `encodeSafetensors` because model files may be fp16, carry
 * the metadata that transformers asks for, and are too large to hold twice.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorToWrite[],
  precision: Precision,
): Promise<void> {
  const partial = `${path}.partial`;
  const file = await open(partial, 'w');
  try {
    await file.writeFile(encodeHeader(tensors, precision));
    for (const { name, values } of tensors) await file.writeFile(encodeValues(values(), name, precision));
    await file.sync();
  } catch (error) {
    await file.close();
    await rm(partial, { force: true });
    throw error;
  }
  await file.close();
  await rename(partial, path);
}

function encodeHeader(tensors: readonly TensorToWrite[], precision: Precision): Uint8Array {
  const width = precision === 'fp16' ? 2 : 4;
  let end = 0;
  const entries = tensors.map(({ name, shape }) => {
    const begin = end;
    end += width * shape.reduce((product, dimension) => product * dimension, 1);
    return [name, { dtype: precision === 'fp16' ? 'F16' : 'F32', shape, data_offsets: [begin, end] }];
  });
  const json = JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) });
  const text = new TextEncoder().encode(json);
  const bytes = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - 8), true);
  bytes.set(text, 8);
  return bytes;
}

function encodeValues({ data }: Tensor, name: string, precision: Precision): Uint8Array {
  if (precision === 'fp32') return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const halves = new Uint16Array(data.length);
  for (let index = 0; index < data.length; index += 1) halves[index] = floatToHalf(data[index] ?? 0);
  // 0x7c00 is infinity, above it is NaN: beyond fp16's 65504 the model would be broken silently.
  if (halves.some((bits) => (bits & 0x7c00) === 0x7c00)) {
    throw new ModelError(
      'model.precision',
      `Tensor ${name} has a number that fp16 cannot hold (beyond 65504); save it as fp32`,
    );
  }
  return new Uint8Array(halves.buffer);
}
