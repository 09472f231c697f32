import { bfloat16ToFloat, halfToFloat } from './half-precision.ts';
import { ParametersError } from './parameters-error.ts';
import { parseSafetensorsHeader, type ElementFormat } from './safetensors-header.ts';
import {
  byCodeUnit,
  elementCount,
  manifestBytes,
  type NamedTensors,
  type Tensor,
  type TensorManifest,
} from './tensor.ts';

const LITTLE_ENDIAN_HOST = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Float32 safetensors, names ascending by code unit, header padded with spaces to 8 bytes.
 * Without metadata this is the canonical form: equal tensors give equal bytes.
 */
export function encodeSafetensors(tensors: NamedTensors, metadata?: Readonly<Record<string, string>>): Uint8Array {
  const chunks = [...safetensorsChunks(tensors, metadata)];
  const bytes = new Uint8Array(chunks.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** The bytes of {@link encodeSafetensors} piece by piece and without a copy: first the header, then tensor after tensor. */
export function* safetensorsChunks(
  tensors: NamedTensors,
  metadata?: Readonly<Record<string, string>>,
): Generator<Uint8Array> {
  const inOrder = [...tensors].sort(([left], [right]) => byCodeUnit(left, right));
  for (const [name, { shape, data }] of inOrder)
    if (name === '__metadata__' || elementCount(shape) !== data.length)
      throw new ParametersError(
        'parameters.not-a-tensor',
        `Tensor ${name} cannot be written under this name and shape.`,
      );
  yield header(
    inOrder.map(([name, { shape }]) => ({ name, shape })),
    metadata,
  );
  for (const [, { data }] of inOrder) yield littleEndian(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** How many bytes {@link encodeSafetensors} makes of tensors of these names and shapes, header included. */
export function safetensorsBytes(manifest: TensorManifest): number {
  const inOrder = [...manifest].sort((left, right) => byCodeUnit(left.name, right.name));
  return header(inOrder, undefined).length + manifestBytes(manifest);
}

function header(inOrder: TensorManifest, metadata: Readonly<Record<string, string>> | undefined): Uint8Array {
  const fields = metadata === undefined ? [] : [`"__metadata__":${JSON.stringify(metadata)}`];
  let end = 0;
  for (const { name, shape } of inOrder) {
    const begin = end;
    end += 4 * elementCount(shape);
    // Written by hand: an object would move names such as "0" to the front.
    fields.push(
      `${JSON.stringify(name)}:{"dtype":"F32","shape":[${shape.join(',')}],"data_offsets":[${begin},${end}]}`,
    );
  }
  const json = new TextEncoder().encode(`{${fields.join(',')}}`);
  const bytes = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - 8), true);
  bytes.set(json, 8);
  return bytes;
}

/** All tensors of a file as float32 copies; F32, F16 and BF16 only. Throws `ParametersError` on anything malformed. */
export function decodeSafetensors(bytes: Uint8Array): NamedTensors {
  const { headerBytes, tensors } = parseSafetensorsHeader(bytes, bytes.byteLength);
  const data = bytes.subarray(headerBytes);
  return new Map(
    [...tensors].map(([name, { dtype, shape, begin, end }]) => [
      name,
      decodeTensor(dtype, data.subarray(begin, end), shape),
    ]),
  );
}

/**
 * The tensors of a float32 file without copying: they alias `bytes` and are valid for as long as these stay unchanged.
 * For streaming through one reused buffer; falls back to a copy where bytes are not aligned or not float32.
 */
export function viewSafetensors(bytes: Uint8Array): NamedTensors {
  const { headerBytes, tensors } = parseSafetensorsHeader(bytes, bytes.byteLength);
  return new Map(
    [...tensors].map(([name, { dtype, shape, begin, end }]) => {
      const offset = bytes.byteOffset + headerBytes + begin;
      if (dtype === 'F32' && offset % 4 === 0 && LITTLE_ENDIAN_HOST)
        return [name, { shape, data: new Float32Array(bytes.buffer, offset, (end - begin) / 4) }];
      return [name, decodeTensor(dtype, bytes.subarray(headerBytes + begin, headerBytes + end), shape)];
    }),
  );
}

/** One tensor from its little endian bytes, as a float32 copy; throws on an element type other than F32, F16, BF16. */
export function decodeTensor(dtype: ElementFormat, bytes: Uint8Array, shape: readonly number[]): Tensor {
  const count = elementCount(shape);
  const width = dtype === 'F32' ? 4 : 2;
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16')
    throw new ParametersError('parameters.dtype-unsupported', `Tensors of ${dtype} cannot be read as float32.`);
  if (bytes.byteLength !== count * width)
    throw new ParametersError(
      'parameters.not-a-tensor',
      `Shape [${shape.join(', ')}] of ${dtype} needs ${count * width} bytes, ${bytes.byteLength} were given.`,
    );
  if (dtype === 'F32') {
    const copy = new Uint8Array(bytes.byteLength);
    copy.set(littleEndian(bytes));
    return { shape, data: new Float32Array(copy.buffer) };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const toFloat = dtype === 'F16' ? halfToFloat : bfloat16ToFloat;
  const data = new Float32Array(count);
  for (let index = 0; index < count; index++) data[index] = toFloat(view.getUint16(index * 2, true));
  return { shape, data };
}

/** Float32 bytes between the host's order and little endian; the same bytes on every host that we know of. */
function littleEndian(bytes: Uint8Array): Uint8Array {
  if (LITTLE_ENDIAN_HOST) return bytes;
  const swapped = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at++) swapped[at] = bytes[at ^ 3] ?? 0;
  return swapped;
}
