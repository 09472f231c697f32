export { BlobStore } from './blobs/blob-store.ts';
export { streamTensors } from './blobs/stream-tensors.ts';
export { replaceAtomically, writeFileAtomically } from './blobs/write-file-atomically.ts';
export { StorageError } from './storage-error.ts';
export { openRecord, type RecordPlace } from './open-record.ts';
export { ExperimentRecord, type Connection } from './record.ts';
