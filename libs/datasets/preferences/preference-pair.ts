import type { Digest } from '#parameters';
import { DatasetsError } from '../datasets-error.ts';

/** Two completions of one prompt, of which people, or a rule, prefer the first. */
export interface PreferencePair {
  readonly prompt: string;
  readonly chosen: string;
  readonly rejected: string;
}

/** A pair as a source reads it. */
export interface PreferenceRow extends PreferencePair {
  /** Pairs of one group stay on one side of a split: the prompt, or what prompts have in common. */
  readonly group: string;
  /** The side on which the source itself puts it. */
  readonly split?: 'train' | 'test';
  /** Where it stood, for messages about it. */
  readonly line: number;
}

/** One source's pairs, split for good: no group of `heldOut` occurs in `train`. */
export interface PreferenceSplit {
  readonly source: string;
  readonly train: readonly PreferenceRow[];
  readonly heldOut: readonly PreferenceRow[];
}

/** All pairs that a spec names. */
export interface Preferences {
  readonly sources: readonly PreferenceSplit[];
  /** SHA-256 over the pairs of all sources, in order. */
  readonly digest: Digest;
  /** What a user should know of how the rows were read, one sentence each. */
  readonly notes: readonly string[];
}

/** Refuses a row without a prompt. A completion may be empty: people do prefer silence now and then. */
export function checkRow(row: PreferenceRow, path: string, place: string): PreferenceRow {
  if (row.prompt.trim() !== '') return row;
  throw new DatasetsError('data.text-empty', `${path}, ${place}: the prompt is empty. Remove the row.`);
}
