import type { BlobStore } from '#storage';

/** Whether the bytes that go by a digest are there, and are those that it names. */
export async function blobState(blobs: BlobStore, digest: string): Promise<'there' | 'missing' | 'corrupt'> {
  try {
    await blobs.read(digest);
    return 'there';
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === 'storage.blob-missing') return 'missing';
    if (code === 'storage.blob-corrupt') return 'corrupt';
    throw error;
  }
}
