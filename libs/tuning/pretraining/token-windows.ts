import { readFile } from 'node:fs/promises';
import type { Tokenizer } from '#language-models';
import { writeDurably } from '../files/write-durably.ts';

/** A corpus as token ids: window i, special tokens included, is ids[offsets[i]] … ids[offsets[i + 1]] - 1. */
export interface TokenWindows {
  readonly ids: Int32Array;
  /** One more than there are windows. */
  readonly offsets: Int32Array;
}

export function windowCount({ offsets }: TokenWindows): number {
  return offsets.length - 1;
}

export function windowLength({ offsets }: TokenWindows, window: number): number {
  return (offsets[window + 1] ?? 0) - (offsets[window] ?? 0);
}

/**
 * Tokenises documents, one in memory at a time. A document longer than `maxTokens` becomes several windows, so that no
 * text is lost; every window starts and ends with the special tokens that fine-tuning will show as well.
 */
export async function tokeniseDocuments(
  documents: AsyncIterable<string>,
  tokenizer: Tokenizer,
  maxTokens: number,
  onDocument: () => void = () => undefined,
): Promise<TokenWindows> {
  const room = maxTokens - 2;
  const ids = new GrowingIds();
  const ends = new GrowingIds();
  ends.push(0);
  for await (const document of documents) {
    const text = tokenizer.encodeRaw(document);
    for (let at = 0; at < text.length; at += room) {
      ids.push(tokenizer.clsTokenId, ...text.slice(at, at + room), tokenizer.sepTokenId);
      ends.push(ids.length);
    }
    onDocument();
  }
  return { ids: ids.toArray(), offsets: ends.toArray() };
}

/** An Int32Array that doubles when full. */
class GrowingIds {
  private values = new Int32Array(1024);
  length = 0;

  push(...more: number[]): void {
    if (this.length + more.length > this.values.length) {
      const larger = new Int32Array(Math.max(this.values.length * 2, this.length + more.length));
      larger.set(this.values);
      this.values = larger;
    }
    this.values.set(more, this.length);
    this.length += more.length;
  }

  toArray(): Int32Array {
    return this.values.slice(0, this.length);
  }
}

/** Stores windows as int32 in the host's byte order: their number, the offsets, the ids. A cache of this machine, not for exchange. */
export async function writeTokenWindows(path: string, { ids, offsets }: TokenWindows): Promise<void> {
  const all = new Int32Array(1 + offsets.length + ids.length);
  all[0] = offsets.length - 1;
  all.set(offsets, 1);
  all.set(ids, 1 + offsets.length);
  await writeDurably(path, new Uint8Array(all.buffer));
}

/** Reads what {@link writeTokenWindows} wrote; undefined when there is no such file. */
export async function readTokenWindows(path: string): Promise<TokenWindows | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  if (bytes === undefined) return undefined;
  const all = new Int32Array(new Uint8Array(bytes).buffer);
  const windows = all[0] ?? 0;
  return { offsets: all.subarray(1, windows + 2), ids: all.subarray(windows + 2) };
}
