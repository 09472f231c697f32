import { decodeSafetensors, encodeSafetensors, type NamedTensors } from '#parameters';
import fc from 'fast-check';

/** A change of a safetensors blob; numbers are taken modulo what there is. */
export const blobMutations = fc.record({
  how: fc.constantFrom(
    ...['flip', 'flip-header', 'truncate', 'grow', 'empty', 'not-finite', 'value', 'drop', 'rename', 'misshape', 'add'],
  ),
  at: fc.nat(),
  which: fc.nat(),
});

type BlobMutation = typeof blobMutations extends fc.Arbitrary<infer M> ? M : never;

const HEADER_LENGTH_BYTES = 8;

export function mutateBlob(original: Uint8Array, { how, at, which }: BlobMutation): Uint8Array {
  const bytes = Uint8Array.from(original);
  const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  switch (how) {
    case 'flip':
      return flipped(bytes, at % bytes.length, which);
    case 'flip-header':
      return flipped(bytes, at % (HEADER_LENGTH_BYTES + headerBytes), which);
    case 'truncate':
      return bytes.slice(0, at % bytes.length);
    case 'grow':
      return Uint8Array.from([...bytes, ...bytes.subarray(at % bytes.length)]);
    case 'empty':
      return new Uint8Array();
    default:
      return encodeSafetensors(changed(decodeSafetensors(bytes), { how, at, which }));
  }
}

/** Other tensors, well written. */
function changed(tensors: NamedTensors, { how, at, which }: BlobMutation): NamedTensors {
  const name = [...tensors.keys()][at % tensors.size] ?? '';
  const { shape, data } = tensors.get(name) ?? { shape: [0], data: new Float32Array() };
  const others = new Map([...tensors].filter(([other]) => other !== name));
  if (how === 'drop') return others;
  if (how === 'rename') return new Map([...others, [`${name}x`, { shape, data }]]);
  if (how === 'add') return new Map([...tensors, ['extra', { shape: [1], data: Float32Array.of(1) }]]);
  if (how === 'misshape') return new Map([...others, [name, { shape: [data.length, 1, 1], data }]]);
  const [unfit, other] = [[NaN, Infinity, -Infinity][at % 3] ?? NaN, 1 / (1 + (at % 100))];
  const values = data.map((value, place) =>
    place === which % data.length ? (how === 'value' ? other : unfit) : value,
  );
  return new Map([...others, [name, { shape, data: values }]]);
}

function flipped(bytes: Uint8Array, at: number, which: number): Uint8Array {
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (which % 8));
  return bytes;
}
