import { bfloat16ToFloat, elementCount, halfToFloat, type ElementFormat, type Tensor } from '#parameters';

import { ModelError } from '../model-error.ts';

/**
 * A stored tensor as float32; `bytes` begin at a multiple of 4 of a buffer of their own, which an F32 tensor then shares. 16-bit numbers go
 * through a table of all 65,536: decoding each anew takes 50 ns, and a base model has 10^8 of them.
 */
export function widen(format: ElementFormat, bytes: Uint8Array<ArrayBuffer>, shape: readonly number[]): Tensor {
  const count = elementCount(shape);
  if (format === 'F32') return { shape, data: new Float32Array(bytes.buffer, bytes.byteOffset, count) };
  if (format === 'F16') return { shape, data: throughTable(halfTable(), bytes, count) };
  if (format === 'BF16') return { shape, data: throughTable(bfloat16Table(), bytes, count) };
  throw new ModelError('model.tensor-format', `elements of ${format} cannot be read; F32, F16 and BF16 can`);
}

function throughTable(table: Float32Array, bytes: Uint8Array<ArrayBuffer>, count: number): Float32Array {
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, count);
  const data = new Float32Array(count);
  for (let index = 0; index < count; index += 1) data[index] = table[halves[index] ?? 0] ?? 0;
  return data;
}

const halfTable = once(halfToFloat);
const bfloat16Table = once(bfloat16ToFloat);

function once(toFloat: (bits: number) => number): () => Float32Array {
  let table: Float32Array | undefined;
  return () => (table ??= Float32Array.from({ length: 0x10000 }, (_, bits) => toFloat(bits)));
}
