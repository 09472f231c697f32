import { digestOf, digestOfTensors, isDigest, safetensorsChunks, type Digest, type NamedTensors } from '#parameters';
import { createHash } from 'node:crypto';
import { open, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, StorageError } from '../storage-error.ts';
import { explainFileError } from './file-errors.ts';
import { replaceAtomically } from './write-file-atomically.ts';

/** A long stream is put on the disk in steps of this, so that little is left to wait for at its end. */
const SYNC_BYTES = 32 * 1024 ** 2;

/**
 * Parameter blobs on disk, named by their SHA-256: `<root>/ab/ab12…`. A blob is there as a whole or not at all; what is
 * there already is not written again.
 */
export class BlobStore {
  readonly root: string;
  readonly #durable: boolean;

  /** With `durable` false a power cut may take what was stored last: for blobs that are only passing through. */
  constructor(root: string, { durable = true }: { readonly durable?: boolean } = {}) {
    this.root = root;
    this.#durable = durable;
  }

  /** Stores the bytes durably and returns their digest. */
  async put(bytes: Uint8Array): Promise<Digest> {
    return this.#store(digestOf(bytes), [bytes]);
  }

  /** Stores tensors as canonical safetensors, without a second copy of them in memory. */
  async putTensors(tensors: NamedTensors): Promise<Digest> {
    return this.#store(digestOfTensors(tensors), safetensorsChunks(tensors));
  }

  /** Stores a stream in memory bounded by its chunks; throws `storage.digest-mismatch`, and keeps nothing, on other bytes. */
  async putStream(chunks: AsyncIterable<Uint8Array>, expected: string): Promise<Digest> {
    await replaceAtomically(
      this.path(expected),
      async (file) => {
        const hash = createHash('sha256');
        let unsynced = 0;
        let syncing: Promise<void> | undefined;
        const settled = (): void => void (syncing = undefined);
        for await (const chunk of chunks) {
          hash.update(chunk);
          await file.writeFile(chunk);
          unsynced += chunk.length;
          if (!this.#durable || unsynced < SYNC_BYTES || syncing !== undefined) continue;
          // The disk writes while more arrives. What fails here fails again when the whole file is synced.
          unsynced = 0;
          syncing = file.datasync().then(settled, settled);
        }
        await syncing;
        const digest = `sha256:${hash.digest('hex')}`;
        if (digest !== expected)
          throw new StorageError('storage.digest-mismatch', `${expected} was announced, the bytes are ${digest}.`);
      },
      this.#durable,
    );
    return expected as Digest;
  }

  /** The bytes, verified; throws `storage.blob-missing` or `storage.blob-corrupt`. */
  async read(digest: string): Promise<Uint8Array> {
    return this.#read(digest, (size) => new Uint8Array(size));
  }

  /** As {@link read}, into memory of the caller's that is at least as long; returns the part that was filled. */
  async readInto(digest: string, memory: Uint8Array): Promise<Uint8Array> {
    return this.#read(digest, (size) => {
      if (size <= memory.length) return memory;
      throw new StorageError('storage.blob-too-large', `${digest} has ${size} bytes, ${memory.length} were expected.`);
    });
  }

  /** The bytes in order, in chunks of at most `chunkBytes`; each chunk is the reader's to keep. Not verified. */
  async *createReadStream(digest: string, chunkBytes: number): AsyncGenerator<Uint8Array> {
    const file = await this.#open(digest, (opened) => Promise.resolve(opened), false);
    try {
      const { size } = await file.stat();
      for (let at = 0; at < size;) {
        const chunk = new Uint8Array(Math.min(chunkBytes, size - at));
        const { bytesRead } = await file.read(chunk, 0, chunk.length);
        if (bytesRead === 0) return;
        at += bytesRead;
        yield chunk.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  /** Bytes; throws `storage.blob-missing`. */
  async size(digest: string): Promise<number> {
    const path = this.path(digest);
    try {
      return (await stat(path)).size;
    } catch (error) {
      throw this.#cannotRead(digest, path, error);
    }
  }

  async has(digest: string): Promise<boolean> {
    return stat(this.path(digest)).then(
      () => true,
      () => false,
    );
  }

  /** Forgets a blob; one that is not there is forgotten already. */
  async remove(digest: string): Promise<void> {
    await rm(this.path(digest), { force: true });
  }

  /** Where a blob lies, or would; throws on anything but a digest, so that no name leads out of the root. */
  path(digest: string): string {
    if (!isDigest(digest)) throw new StorageError('storage.not-a-digest', `${JSON.stringify(digest)} is not a digest.`);
    const hex = digest.slice('sha256:'.length);
    return join(this.root, hex.slice(0, 2), hex);
  }

  async #store(digest: Digest, chunks: Iterable<Uint8Array>): Promise<Digest> {
    if (!(await this.has(digest)))
      await replaceAtomically(
        this.path(digest),
        async (file) => {
          for (const chunk of chunks) await file.writeFile(chunk);
        },
        this.#durable,
      );
    return digest;
  }

  async #open<T>(digest: string, use: (file: FileHandle) => Promise<T>, close = true): Promise<T> {
    const path = this.path(digest);
    let file;
    try {
      file = await open(path, 'r');
    } catch (error) {
      throw this.#cannotRead(digest, path, error);
    }
    try {
      return await use(file);
    } finally {
      if (close) await file.close();
    }
  }

  #cannotRead(digest: string, path: string, error: unknown): unknown {
    if (codeOf(error) !== 'ENOENT') return explainFileError(error, path);
    return new StorageError('storage.blob-missing', `There is no blob ${digest} under ${this.root}.`);
  }

  async #read(digest: string, memoryFor: (size: number) => Uint8Array): Promise<Uint8Array> {
    const filled = await this.#open(digest, async (file) => {
      const { size } = await file.stat();
      const memory = memoryFor(size);
      let at = 0;
      while (at < size) {
        const { bytesRead } = await file.read(memory, at, size - at, at);
        if (bytesRead === 0) break;
        at += bytesRead;
      }
      return memory.subarray(0, at);
    });
    if (digestOf(filled) === digest) return filled;
    throw new StorageError(
      'storage.blob-corrupt',
      `The file ${this.path(digest)} no longer holds the bytes of its name: disk or hand has changed it.`,
    );
  }
}
