// The header of a safetensors file: 8 bytes little endian length, JSON, then the tensors' bytes end to end.
// Format: https://github.com/huggingface/safetensors#format, whose own checks these are, and duplicate names.
import { assertNoDuplicateKeys } from './duplicate-keys.ts';
import { ParametersError } from './parameters-error.ts';
import { elementCount } from './tensor.ts';

const ELEMENT_BITS = {
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E8M0: 8,
  F8_E4M3: 8,
  F8_E5M2: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  I64: 64,
  U64: 64,
  F64: 64,
} as const;

export type ElementFormat = keyof typeof ELEMENT_BITS;

/** One tensor of a file; its bytes are `headerBytes + begin` up to `headerBytes + end` of the file. */
export interface SafetensorsEntry {
  readonly dtype: ElementFormat;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** All bytes before the first tensor: the 8 of the length and those of the JSON. */
  readonly headerBytes: number;
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The reference implementation's limit on the JSON part. */
const MAX_JSON_BYTES = 100_000_000;

/** All bytes before the first tensor, from the file's first 8 bytes; refuses a length that the file cannot hold. */
export function safetensorsHeaderBytes(first8: Uint8Array, fileBytes: number): number {
  if (first8.byteLength < 8 || fileBytes < 8)
    throw malformed('truncated', 'it is shorter than the 8 bytes of a length');
  const json = new DataView(first8.buffer, first8.byteOffset, 8).getBigUint64(0, true);
  if (json > BigInt(MAX_JSON_BYTES))
    throw malformed(
      'header-too-large',
      `its header claims ${String(json)} bytes, at most ${MAX_JSON_BYTES} are allowed`,
    );
  const headerBytes = 8 + Number(json);
  if (headerBytes > fileBytes)
    throw malformed('truncated', `its header claims ${String(json)} bytes, the file has ${fileBytes}`);
  return headerBytes;
}

/** Parses and checks a header; `bytes` holds at least the header, `fileBytes` is the size of the whole file. */
export function parseSafetensorsHeader(bytes: Uint8Array, fileBytes: number): SafetensorsHeader {
  const headerBytes = safetensorsHeaderBytes(bytes, fileBytes);
  if (bytes.byteLength < headerBytes)
    throw malformed('truncated', `${bytes.byteLength} bytes were read of a header of ${headerBytes}`);
  const json = parseJson(bytes.subarray(8, headerBytes));
  const tensors = new Map<string, SafetensorsEntry>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') metadata = checkMetadata(value);
    else tensors.set(name, checkEntry(name, value));
  }
  checkCoverage(tensors, fileBytes - headerBytes);
  return { headerBytes, tensors, metadata };
}

function parseJson(bytes: Uint8Array): Record<string, unknown> {
  let parsed: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    parsed = JSON.parse(text);
    assertNoDuplicateKeys(text);
  } catch (error) {
    if (error instanceof ParametersError) throw error;
    throw malformed('header-not-json', 'its header is not JSON in UTF-8');
  }
  if (!isObject(parsed)) throw malformed('header-not-json', 'its header is not a JSON object');
  return parsed;
}

function checkMetadata(value: unknown): Record<string, string> {
  if (!isObject(value) || Object.values(value).some((text) => typeof text !== 'string'))
    throw malformed('metadata', '__metadata__ may hold strings only');
  return value as Record<string, string>;
}

function checkEntry(name: string, value: unknown): SafetensorsEntry {
  if (!isObject(value)) throw malformed('entry', `tensor ${name} is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(ELEMENT_BITS, dtype))
    throw malformed('dtype', `tensor ${name} has the unknown element type ${JSON.stringify(dtype)}`);
  if (!isSizes(shape)) throw malformed('shape', `tensor ${name} has no valid shape`);
  if (!isSizes(offsets) || offsets.length !== 2) throw malformed('offsets', `tensor ${name} has no valid data_offsets`);
  const [begin = 0, end = 0] = offsets;
  const format = dtype as ElementFormat;
  const expected = (elementCount(shape) * ELEMENT_BITS[format]) / 8;
  if (!Number.isSafeInteger(expected)) throw malformed('shape', `tensor ${name} has an absurd size`);
  if (end - begin !== expected)
    throw malformed(
      'offsets',
      `tensor ${name} of shape [${shape.join(', ')}] and type ${format} needs ${expected} bytes, its offsets give ${end - begin}`,
    );
  return { dtype: format, shape, begin, end };
}

/** The tensors must fill the data from first to last byte, without overlap or hole. */
function checkCoverage(tensors: ReadonlyMap<string, SafetensorsEntry>, dataBytes: number): void {
  const inOrder = [...tensors].sort(([, left], [, right]) => left.begin - right.begin || left.end - right.end);
  let covered = 0;
  for (const [name, { begin, end }] of inOrder) {
    if (begin < covered) throw malformed('offsets', `tensor ${name} overlaps another`);
    if (begin > covered) throw malformed('offsets', `${begin - covered} bytes before tensor ${name} belong to none`);
    covered = end;
  }
  if (covered > dataBytes)
    throw malformed('truncated', `its tensors need ${covered} bytes, ${dataBytes} follow the header`);
  if (covered < dataBytes) throw malformed('offsets', `${dataBytes - covered} bytes at the end belong to no tensor`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
}

function malformed(kind: string, problem: string): ParametersError {
  return new ParametersError(`parameters.safetensors-${kind}`, `Not a valid safetensors file: ${problem}.`);
}
