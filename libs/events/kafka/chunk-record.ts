import { z } from 'zod';
import { TransportError } from '../transport-error.ts';
import { headersOf, type HeaderText, type WireRecord } from './wire-record.ts';

/**
 * A piece of a parameter blob. The pieces of a blob go to the topic of the event that closes them, with its key, so that
 * they lie in one partition before it; they name it by its id. Grammar of a transfer, between other messages:
 *
 *     transfer = *chunk event        ; no chunk for 0 bytes
 *     chunk    = chunk_event chunk_blob chunk_blobbytes chunk_offset value
 *
 * Offsets rise from 0 without gaps to `chunk_blobbytes`; a piece that is there already may come again.
 */
export interface ChunkRecord {
  /** Id of the event that closes the transfer. */
  readonly event: string;
  /** SHA-256 of the whole blob, and its size in bytes. */
  readonly digest: string;
  readonly bytes: number;
  /** Where in the blob the piece begins. */
  readonly offset: number;
  readonly piece: Buffer;
}

const CONTENT_TYPE = 'application/octet-stream';
const natural = z
  .string()
  .regex(/^\d{1,10}$/)
  .transform(Number);

/** A chunk's headers, as they are on the wire. */
export const chunkHeaders = z.object({
  chunk_event: z.string().min(1).max(256),
  chunk_blob: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  chunk_blobbytes: natural,
  chunk_offset: natural,
});

export function isChunk({ headers }: WireRecord): boolean {
  return headers?.['chunk_event'] !== undefined;
}

export function encodeChunk(chunk: ChunkRecord, key: string): WireRecord & { readonly headers: HeaderText } {
  const { event, digest, bytes, offset, piece } = chunk;
  return {
    key: Buffer.from(key),
    value: piece,
    headers: {
      'content-type': CONTENT_TYPE,
      chunk_event: event,
      chunk_blob: digest,
      chunk_blobbytes: String(bytes),
      chunk_offset: String(offset),
    },
  };
}

/** @throws TransportError `chunk.malformed` */
export function decodeChunk(record: WireRecord): ChunkRecord {
  const said = chunkHeaders.safeParse(headersOf(record));
  if (!said.success) {
    const { path, message } = said.error.issues[0] ?? { path: [], message: '' };
    throw new TransportError('chunk.malformed', `its header ${path.join('.')} is wrong: ${message}`);
  }
  const { chunk_event: event, chunk_blob: digest, chunk_blobbytes: bytes, chunk_offset: offset } = said.data;
  const piece = record.value ?? Buffer.alloc(0);
  if (piece.length === 0) throw new TransportError('chunk.malformed', 'it is empty');
  if (offset + piece.length > bytes)
    throw new TransportError(
      'chunk.malformed',
      `it ends ${String(offset + piece.length - bytes)} bytes after its blob`,
    );
  return { event, digest, bytes, offset, piece };
}
