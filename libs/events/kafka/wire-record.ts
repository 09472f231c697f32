import { TransportError } from '../transport-error.ts';

/** A record as the client library hands it over: headers are bytes, or lists of them when one is repeated. */
export interface WireRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
}

export type HeaderText = Readonly<Record<string, string>>;

/** The headers as text. @throws TransportError `event.malformed` when one is repeated. */
export function headersOf({ headers = {} }: WireRecord): HeaderText {
  const text: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    if (Array.isArray(value)) throw new TransportError('event.malformed', `its header ${name} is there twice`);
    text[name] = value.toString('utf8');
  }
  return text;
}

/** Bytes that the record takes on the wire, a little more rather than less. */
export function sizeOf({ key, value, headers = {} }: WireRecord): number {
  const RECORD_FRAME = 128;
  let bytes = RECORD_FRAME + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, said] of Object.entries(headers)) bytes += name.length + String(said).length + 16;
  return bytes;
}
