/** A content-addressed store of parameter blobs, as the transports need it. Digests are `sha256:<hex>`. */
export interface BlobShelf {
  has(digest: string): Promise<boolean>;
  /** In bytes. */
  size(digest: string): Promise<number>;
  createReadStream(digest: string, chunkBytes: number): AsyncIterable<Uint8Array>;
  /** Stores the stream under `digest`; rejects, and keeps nothing, when the bytes do not hash to it. */
  putStream(chunks: AsyncIterable<Uint8Array>, digest: string): Promise<unknown>;
}
