import type { DeadLetter } from '../dead-letter.ts';
import type { HeaderText, WireRecord } from './wire-record.ts';

/** Headers of at most this many bytes are passed on; what is longer is nobody's that we know. */
const LONGEST_HEADER = 4096;

/** A dead letter as it lies in its topic: the message as it was, and `dead_letter_*` headers that say what became of it. */
export function encodeDeadLetter(letter: DeadLetter): WireRecord & { readonly headers: HeaderText } {
  return {
    key: Buffer.from(letter.key),
    value: Buffer.from(letter.value),
    headers: {
      ...letter.headers,
      dead_letter_service: letter.service,
      dead_letter_topic: letter.topic,
      dead_letter_partition: String(letter.partition),
      dead_letter_offset: String(letter.offset),
      dead_letter_code: letter.code,
      dead_letter_reason: letter.reason.slice(0, LONGEST_HEADER),
    },
  };
}

/** The headers of any record as text, whatever they are. */
export function legibleHeaders({ headers = {} }: WireRecord): HeaderText {
  const text: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers).slice(0, 64)) {
    const said = Array.isArray(value) ? value.map(String).join(', ') : (value?.toString('utf8') ?? '');
    text[name.slice(0, 256)] = said.slice(0, LONGEST_HEADER);
  }
  return text;
}

/** What {@link encodeDeadLetter} wrote; undefined for what it did not write. */
export function decodeDeadLetter(record: WireRecord): DeadLetter | undefined {
  const said = legibleHeaders(record);
  const [service, topic] = [said['dead_letter_service'], said['dead_letter_topic']];
  if (service === undefined || topic === undefined) return undefined;
  return {
    service,
    topic,
    partition: Number(said['dead_letter_partition'] ?? 0),
    offset: Number(said['dead_letter_offset'] ?? 0),
    code: said['dead_letter_code'] ?? '',
    reason: said['dead_letter_reason'] ?? '',
    key: record.key?.toString('utf8') ?? '',
    headers: Object.fromEntries(Object.entries(said).filter(([name]) => !name.startsWith('dead_letter_'))),
    value: record.value ?? new Uint8Array(),
  };
}
