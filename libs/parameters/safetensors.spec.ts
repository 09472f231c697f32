import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { digestOf, digestOfTensors, isDigest } from './digest.ts';
import { ParametersError } from './parameters-error.ts';
import { decodeSafetensors, encodeSafetensors, viewSafetensors } from './safetensors.ts';
import { parseSafetensorsHeader } from './safetensors-header.ts';
import type { NamedTensors, Tensor } from './tensor.ts';

type Fixture = Record<string, { file: string; tensors: Record<string, { shape: number[]; data: number[] }> }>;
/** Written by safetensors 0.8 from torch 2.15 tensors. */
const fixtures = JSON.parse(
  readFileSync(new URL('./fixtures/torch-safetensors.json', import.meta.url), 'utf8'),
) as Fixture;

function fixture(name: string): Uint8Array {
  return new Uint8Array(Buffer.from(fixtures[name]!.file, 'base64'));
}

function tensors(entries: Record<string, Tensor>): NamedTensors {
  return new Map(Object.entries(entries));
}

const two = tensors({
  'b.weight': { shape: [2, 2], data: new Float32Array([1, 2, 3, 4]) },
  a: { shape: [], data: new Float32Array([-0.5]) },
});

/** A file with the given header and data, as an attacker might write it. */
function forged(header: unknown, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof ParametersError) return error.code;
    throw error;
  }
  return undefined;
}

describe('reading what PyTorch wrote', () => {
  it.each(['float32', 'float16', 'bfloat16'])('gives the values of a %s file exactly', (name) => {
    const decoded = decodeSafetensors(fixture(name));
    for (const [tensor, { shape, data }] of Object.entries(fixtures[name]!.tensors)) {
      expect(decoded.get(tensor)?.shape).toEqual(shape);
      expect([...decoded.get(tensor)!.data]).toEqual(data);
    }
  });

  it('keeps the metadata and refuses integers as float32', () => {
    const bytes = fixture('float32');
    expect(parseSafetensorsHeader(bytes, bytes.length).metadata).toEqual({ format: 'pt' });
    expect(codeOf(() => decodeSafetensors(fixture('mixed')))).toBe('parameters.dtype-unsupported');
  });
});

describe('the canonical form', () => {
  it('does not depend on the order in which tensors were put in, nor on the buffer they lie in', () => {
    const padded = new Float32Array([9, 1, 2, 3, 4, 9]).subarray(1, 5);
    const other = new Map([...two].reverse()).set('b.weight', { shape: [2, 2], data: padded });
    expect(encodeSafetensors(other)).toEqual(encodeSafetensors(two));
    expect(digestOfTensors(other)).toBe(digestOfTensors(two));
  });

  it('sorts names by code unit, integer-like ones too, and aligns the data to 8 bytes', () => {
    const names = ['10', '9', 'Z', 'a', 'é', '__proto__'];
    const bytes = encodeSafetensors(new Map(names.map((name) => [name, { shape: [1], data: new Float32Array(1) }])));
    const { headerBytes } = parseSafetensorsHeader(bytes, bytes.length);
    expect(headerBytes % 8).toBe(0);
    expect([...decodeSafetensors(bytes).keys()].sort()).toEqual([...names].sort());
    const json = new TextDecoder().decode(bytes.subarray(8, headerBytes));
    expect([...json.matchAll(/"([^"]+)":\{/g)].map((match) => match[1])).toEqual([...names].sort());
  });

  it('has a digest that never changes', () => {
    expect(digestOfTensors(two)).toBe(digestOf(encodeSafetensors(two)));
    expect(digestOfTensors(two)).toBe('sha256:b949a1602a4ceac0ed60193b75e14085b8ce6df3282013ee6258b3ff95dfbcc4');
    expect(isDigest(digestOfTensors(two))).toBe(true);
    expect(isDigest('sha256:abc')).toBe(false);
  });

  it('survives a round trip, as copy and as view', () => {
    const bytes = encodeSafetensors(two, { note: 'x' });
    expect(new Map(decodeSafetensors(bytes))).toEqual(new Map([...two].reverse()));
    const view = viewSafetensors(bytes);
    expect(view.get('b.weight')?.data.buffer).toBe(bytes.buffer);
    const unaligned = new Uint8Array(bytes.length + 1).subarray(1);
    unaligned.set(bytes);
    expect([...viewSafetensors(unaligned).get('b.weight')!.data]).toEqual([1, 2, 3, 4]);
    expect(encodeSafetensors(new Map()).length).toBe(16);
    expect(decodeSafetensors(encodeSafetensors(new Map())).size).toBe(0);
  });
});

describe('malformed files', () => {
  const f32 = (begin: number, end: number, shape: unknown = [(end - begin) / 4]) => ({
    dtype: 'F32',
    shape,
    data_offsets: [begin, end],
  });
  it.each<[string, Uint8Array, string]>([
    ['empty', new Uint8Array(), 'truncated'],
    ['a length without a header', forged('', 0), 'header-not-json'],
    ['a header beyond the end', forged('{}', 0).subarray(0, 9), 'truncated'],
    ['a header of 2^63 bytes', new Uint8Array([0, 0, 0, 0, 0, 0, 0, 128, 1]), 'header-too-large'],
    ['not JSON', forged('{"a":', 0), 'header-not-json'],
    ['an array', forged('[]', 0), 'header-not-json'],
    ['invalid UTF-8', forged('{"a', 0).fill(0xff, 8), 'header-not-json'],
    [
      'a name twice',
      forged(`{"a":${JSON.stringify(f32(0, 4))},"\\u0061":${JSON.stringify(f32(0, 4))}}`, 4),
      'duplicate-name',
    ],
    [
      'a field twice',
      forged('{"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}', 4),
      'duplicate-name',
    ],
    ['overlapping tensors', forged({ a: f32(0, 8), b: f32(4, 12) }, 12), 'offsets'],
    ['a hole', forged({ a: f32(0, 4), b: f32(8, 12) }, 12), 'offsets'],
    ['bytes at the end', forged({ a: f32(0, 4) }, 8), 'offsets'],
    ['offsets beyond the end', forged({ a: f32(0, 8) }, 4), 'truncated'],
    ['offsets backwards', forged({ a: f32(8, 4, [1]) }, 8), 'offsets'],
    ['a shape that needs other bytes', forged({ a: f32(0, 4, [2]) }, 4), 'offsets'],
    ['an absurd shape', forged({ a: f32(0, 4, [2 ** 40, 2 ** 40]) }, 4), 'shape'],
    ['a negative dimension', forged({ a: f32(0, 4, [-1, -1]) }, 4), 'shape'],
    ['a fraction', forged({ a: f32(0, 4, [0.5, 2]) }, 4), 'shape'],
    ['an unknown element type', forged({ a: { ...f32(0, 4), dtype: 'constructor' } }, 4), 'dtype'],
    ['a list for a tensor', forged({ a: [] }, 0), 'entry'],
    ['metadata of numbers', forged({ __metadata__: { a: 1 } }, 0), 'metadata'],
  ])('refuses %s', (_, bytes, code) => {
    expect(codeOf(() => decodeSafetensors(bytes))).toBe(`parameters.safetensors-${code}`);
  });

  it('refuses to write what could not be read', () => {
    const misshapen = tensors({ a: { shape: [3], data: new Float32Array(2) } });
    expect(codeOf(() => encodeSafetensors(misshapen))).toBe('parameters.not-a-tensor');
    const reserved = tensors({ __metadata__: { shape: [1], data: new Float32Array(1) } });
    expect(codeOf(() => encodeSafetensors(reserved))).toBe('parameters.not-a-tensor');
  });

  it('either decodes a mutated file or throws its own error', () => {
    const original = encodeSafetensors(two, { note: 'x' });
    const mutation = fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(mutation, fc.nat(original.length), (changes, length) => {
        const bytes = original.slice(0, length % 3 === 0 ? length : original.length);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        codeOf(() => decodeSafetensors(bytes));
      }),
      { numRuns: 2000, seed: 7 },
    );
  });
});
