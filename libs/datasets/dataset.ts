import type { Digest } from '#parameters';

/** One labelled text; `label` is an index into the data set's `labels`. */
export interface Example {
  readonly text: string;
  readonly label: number;
}

/**
 * Labelled text, split for good: no text of `test` occurs in `train`.
 * Rows stand in canonical order (by text, then label), so that the order of a file's rows changes nothing downstream.
 */
export interface Dataset {
  readonly labels: readonly string[];
  readonly train: readonly Example[];
  readonly test: readonly Example[];
  /** SHA-256 over labels and rows in canonical order. */
  readonly digest: Digest;
  /** What a user should know about how the rows were read, one sentence each; usually empty. */
  readonly notes: readonly string[];
}
