import type { BlobShelf } from '#events';
import type { Metrics } from './metrics.ts';

/** A blob store as a transport sees it, with the bytes counted that pass in either direction. */
export class MeasuredShelf implements BlobShelf {
  readonly #blobs: BlobShelf;
  readonly #metrics: Metrics;

  constructor(blobs: BlobShelf, metrics: Metrics) {
    this.#blobs = blobs;
    this.#metrics = metrics;
  }

  size(digest: string): Promise<number> {
    return this.#blobs.size(digest);
  }

  has(digest: string): Promise<boolean> {
    return this.#blobs.has(digest);
  }

  createReadStream(digest: string, chunkBytes: number): AsyncIterable<Uint8Array> {
    return this.#counted(this.#blobs.createReadStream(digest, chunkBytes), 'sent');
  }

  putStream(chunks: AsyncIterable<Uint8Array>, digest: string): Promise<unknown> {
    return this.#blobs.putStream(this.#counted(chunks, 'received'), digest);
  }

  async *#counted(chunks: AsyncIterable<Uint8Array>, direction: 'sent' | 'received'): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#metrics.blobBytes.inc({ direction }, chunk.byteLength);
      yield chunk;
    }
  }
}
