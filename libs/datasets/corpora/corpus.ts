import type { Digest } from '#parameters';

/** Text to pre-train on, one document at a time; may be read any number of times, in the same order each time. */
export interface Corpus {
  train(): AsyncIterable<string>;
  /** Documents that are never trained on, for the held-out loss; no training document has the same text. */
  heldOut(): AsyncIterable<string>;
  readonly trainDocuments: number;
  readonly heldOutDocuments: number;
  readonly characters: number;
  /** SHA-256 over all documents in order. */
  readonly digest: Digest;
}
