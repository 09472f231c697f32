import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '#parameters';
import { BlobStore } from './blob-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'airtune-blobs-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const blobs = new BlobStore(join(folder, 'blobs'));
const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index % 251);

async function* chunked(data: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += size) yield await Promise.resolve(data.subarray(at, at + size));
}

async function joined(chunks: AsyncIterable<Uint8Array>): Promise<number[]> {
  const parts: number[] = [];
  for await (const chunk of chunks) parts.push(...chunk);
  return parts;
}

describe('the blob store', () => {
  it('gives back what was put in, as a whole and in chunks', async () => {
    const digest = await blobs.put(bytes);
    expect(digest).toBe(digestOf(bytes));
    expect(await blobs.put(bytes)).toBe(digest);
    expect(await blobs.read(digest)).toEqual(bytes);
    expect(await blobs.size(digest)).toBe(1000);
    expect(await joined(blobs.createReadStream(digest, 64))).toEqual([...bytes]);
    const memory = new Uint8Array(2000);
    expect((await blobs.readInto(digest, memory)).buffer).toBe(memory.buffer);
  });

  it('takes streams, the empty one too, and leaves nothing of one that is not what it claims', async () => {
    const part = bytes.subarray(0, 500);
    await blobs.putStream(chunked(part, 7), digestOf(part));
    expect(await blobs.read(digestOf(part))).toEqual(part);
    const empty = new Uint8Array();
    await blobs.putStream(chunked(empty, 1), digestOf(empty));
    expect(await blobs.read(digestOf(empty))).toEqual(empty);

    const absent = digestOf(new Uint8Array([9]));
    await expect(blobs.putStream(chunked(bytes, 100), absent)).rejects.toMatchObject({
      code: 'storage.digest-mismatch',
    });
    expect(await blobs.has(absent)).toBe(false);
    const left = readdirSync(blobs.root, { recursive: true }).filter((name) => String(name).includes('partial'));
    expect(left).toEqual([]);
  });

  it('says what is missing, what was changed on disk, and what is no digest', async () => {
    await expect(blobs.read(digestOf(new Uint8Array([8])))).rejects.toMatchObject({ code: 'storage.blob-missing' });
    const changed = await blobs.put(new Uint8Array([1, 2, 3]));
    writeFileSync(blobs.path(changed), new Uint8Array([1, 2, 4]));
    await expect(blobs.read(changed)).rejects.toMatchObject({ code: 'storage.blob-corrupt' });
    await expect(blobs.read('sha256:../../etc/passwd')).rejects.toMatchObject({ code: 'storage.not-a-digest' });
    const digest = await blobs.put(bytes);
    await expect(blobs.readInto(digest, new Uint8Array(10))).rejects.toMatchObject({ code: 'storage.blob-too-large' });
  });

  it('stores the same blob from many hands at once', async () => {
    const same = new Uint8Array(100_000).fill(5);
    const digests = await Promise.all(Array.from({ length: 20 }, () => blobs.put(same)));
    expect(new Set(digests).size).toBe(1);
    expect(await blobs.read(digests[0]!)).toEqual(same);
  });
});
