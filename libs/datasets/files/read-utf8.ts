import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { createGunzip } from 'node:zlib';
import { DatasetsError } from '../datasets-error.ts';

/**
 * A file's text (unpacked where its name ends in .gz) in pieces of about 256 KB, checked to be UTF-8, without a byte order mark, every line end made `\n`
 * (so that lines are counted alike whatever system wrote the file).
 */
export async function* readUtf8(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const state = { line: 1, endsInReturn: false };
  for await (const bytes of openedFile(path)) {
    const text = decodePiece(decoder, bytes, path, state.line);
    const unified = unifyLineEnds(text, state);
    state.line += countNewlines(unified);
    if (unified !== '') yield unified;
  }
  decodePiece(decoder, undefined, path, state.line);
  if (state.endsInReturn) yield '\n';
}

async function* openedFile(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  const stream = path.toLowerCase().endsWith('.gz') ? unpacked(file) : file;
  try {
    for await (const piece of stream) yield piece as Buffer;
  } catch (error) {
    throw describeFileError(path, error as NodeJS.ErrnoException);
  } finally {
    file.destroy();
    stream.destroy();
  }
}

function unpacked(file: Readable): Readable {
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  file.on('error', (error) => gunzip.destroy(error));
  return file.pipe(gunzip);
}

function describeFileError(path: string, error: NodeJS.ErrnoException): Error {
  const told: Record<string, readonly [code: string, message: string]> = {
    ENOENT: ['data.file-missing', `${path} does not exist. Paths in a spec are relative to the spec's own folder.`],
    EISDIR: ['data.file-is-folder', `${path} is a folder; name the file in it.`],
    EACCES: ['data.file-forbidden', `${path} may not be read by this user: change its permissions.`],
    Z_DATA_ERROR: ['data.gzip', `${path} is not a whole gzip file, as its name says: fetch or pack it again.`],
    Z_BUF_ERROR: ['data.gzip', `${path} ends before its gzip stream does: fetch it again.`],
  };
  const [code, message] = told[error.code ?? ''] ?? [
    'data.file-unreadable',
    `${path} cannot be read: ${error.message}.`,
  ];
  return new DatasetsError(code, message, { cause: error });
}

function decodePiece(decoder: TextDecoder, bytes: Buffer | undefined, path: string, line: number): string {
  const nul = bytes?.indexOf(0) ?? -1;
  if (bytes !== undefined && nul >= 0) {
    const at = line + countNewlines(bytes.subarray(0, nul).toString('latin1'));
    throw new DatasetsError(
      'data.not-text',
      `${path}, line ${at}: a NUL byte, which no text has. If the file is UTF-16, convert it with iconv -f UTF-16 -t UTF-8; otherwise remove the byte.`,
    );
  }
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch {
    const at = bytes === undefined ? line : line + firstBadLine(bytes);
    throw new DatasetsError(
      'data.not-utf8',
      `${path}, line ${at}: not UTF-8 text. Convert the file, for instance with iconv -t UTF-8, or unpack it if it is compressed.`,
    );
  }
}

/** How many lines of this piece come before its first bad byte. The piece may begin or end inside a character. */
function firstBadLine(bytes: Buffer): number {
  let before = 0;
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(10, start);
    const line = bytes.subarray(start, end < 0 ? bytes.length : end);
    const whole = start === 0 ? line.subarray(continuationBytes(line)) : line;
    if (end < 0 || !isUtf8(whole)) return before;
    before += 1;
    start = end + 1;
  }
}

function continuationBytes(bytes: Buffer): number {
  let count = 0;
  while (count < 3 && count < bytes.length && ((bytes[count] ?? 0) & 0xc0) === 0x80) count += 1;
  return count;
}

/** A `\r\n` may straddle two pieces: a `\r` at the end of one waits for the next. */
function unifyLineEnds(text: string, state: { endsInReturn: boolean }): string {
  if (text === '') return '';
  const joined = state.endsInReturn ? `\r${text}` : text;
  state.endsInReturn = joined.endsWith('\r');
  const complete = state.endsInReturn ? joined.slice(0, -1) : joined;
  return complete.includes('\r') ? complete.replaceAll(/\r\n?/g, '\n') : complete;
}

function countNewlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
