import type { BlobReference, Envelope } from '#contracts';
import { z } from 'zod';
import { TransportError } from '../transport-error.ts';
import { headersOf, type HeaderText, type WireRecord } from './wire-record.ts';

/**
 * An event as CloudEvents' Kafka binding has it, binary mode: attributes as headers `ce_*`, the fact's data as JSON in
 * the value, and the key, which CloudEvents calls `partitionkey`, as the record's key. Beside the standard attributes:
 * `dataversion`, the schema's version; `experiment`; `cause`, the id of the event that led to this one; `blob` and
 * `blobbytes`, the parameter blob whose chunks came before it.
 */
export interface EventRecord {
  /** As it was written; checked against its contract by whoever opens it. */
  readonly written: Readonly<Record<string, unknown>>;
  readonly type: string;
  readonly id: string;
  readonly blob?: { readonly digest: string; readonly bytes: number };
}

const JSON_TYPE = /^application\/json(;|$)/i;

/** An event's headers, as they are on the wire. */
export const eventHeaders = z.object({
  ce_specversion: z.literal('1.0'),
  ce_id: z.string().min(1).max(256),
  ce_type: z.string().min(1).max(64),
  ce_source: z.string(),
  ce_time: z.string(),
  ce_dataversion: z
    .string()
    .regex(/^[1-9]\d{0,8}$/)
    .transform(Number),
  ce_experiment: z.string(),
  ce_cause: z.string().optional(),
  ce_blob: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .optional(),
  ce_blobbytes: z
    .string()
    .regex(/^\d{1,10}$/)
    .transform(Number)
    .optional(),
  'content-type': z.string().regex(JSON_TYPE),
});

/** The record that carries an event. */
export function encodeEvent(envelope: Envelope, blob?: BlobReference): WireRecord & { readonly headers: HeaderText } {
  const { specversion, id, type, source, time, dataversion, experiment, key, cause, data } = envelope;
  return {
    key: Buffer.from(key),
    value: Buffer.from(JSON.stringify(data)),
    headers: {
      'content-type': 'application/json',
      ce_specversion: specversion,
      ce_id: id,
      ce_type: type,
      ce_source: source,
      ce_time: time,
      ce_dataversion: String(dataversion),
      ce_experiment: experiment,
      ...(cause === undefined ? {} : { ce_cause: cause }),
      ...(blob === undefined ? {} : { ce_blob: blob.digest, ce_blobbytes: String(blob.bytes) }),
    },
  };
}

/** @throws TransportError `event.malformed` when headers or JSON are not those of an event. */
export function decodeEvent(record: WireRecord): EventRecord {
  const said = eventHeaders.safeParse(headersOf(record));
  if (!said.success) {
    const { path, message } = said.error.issues[0] ?? { path: [], message: '' };
    throw new TransportError('event.malformed', `its header ${path.join('.')} is wrong: ${message}`);
  }
  const { ce_type: type, ce_id: id, ce_blob: digest, ce_blobbytes: bytes, ce_cause: cause } = said.data;
  if ((digest === undefined) !== (bytes === undefined))
    throw new TransportError('event.malformed', 'ce_blob and ce_blobbytes belong together');
  const written = {
    specversion: said.data.ce_specversion,
    id,
    type,
    dataversion: said.data.ce_dataversion,
    source: said.data.ce_source,
    time: said.data.ce_time,
    experiment: said.data.ce_experiment,
    key: record.key?.toString() ?? '',
    ...(cause === undefined ? {} : { cause }),
    data: parse(record.value),
  };
  return { written, type, id, ...(digest === undefined || bytes === undefined ? {} : { blob: { digest, bytes } }) };
}

function parse(value: Buffer | null): unknown {
  if (value === null) throw new TransportError('event.malformed', 'it has no value');
  try {
    return JSON.parse(value.toString('utf8'));
  } catch (error) {
    throw new TransportError('event.malformed', `its value is not JSON (${(error as Error).message})`, {
      cause: error,
    });
  }
}
