import { DatasetsError } from './datasets-error.ts';

export type DataSource = 'ag-news' | 'wordnet-topics' | 'csv' | 'jsonl' | 'instructions';

/** Where labelled text comes from. Paths are absolute by the time a spec comes here. */
export interface DataSpec {
  readonly source: DataSource;
  readonly train?: string | undefined;
  /** Without it `testFraction` of `train` is held out, the same rows every time. */
  readonly test?: string | undefined;
  /** Column or columns (csv), field or fields (jsonl) that make the text, joined by a space. Default `text`. */
  readonly text?: string | readonly string[] | undefined;
  /** The column or field that names the class. Default `label`. */
  readonly label?: string | undefined;
  /** In (0, 1), default 0.2; only where `test` is absent. */
  readonly testFraction?: number | undefined;
  /** wordnet-topics: which of the 26 topics, default all. */
  readonly topics?: readonly string[] | undefined;
  /** instructions: how `train` is written, default `alpaca`; without `train` they are those made from WordNet. */
  readonly format?: 'alpaca' | 'dolly' | 'jsonl' | undefined;
  /** At most so many training examples, chosen by content alone; the test set is not limited. */
  readonly limit?: number | undefined;
}

const FIELDS: Record<DataSource, readonly (keyof DataSpec)[]> = {
  'ag-news': ['train', 'test', 'testFraction', 'limit'],
  'wordnet-topics': ['topics', 'limit'],
  csv: ['train', 'test', 'text', 'label', 'testFraction', 'limit'],
  jsonl: ['train', 'test', 'text', 'label', 'testFraction', 'limit'],
  instructions: ['train', 'test', 'format', 'testFraction', 'limit'],
};

/** Refuses fields that the source would ignore, and numbers out of range. */
export function checkDataSpec(spec: DataSpec): void {
  const allowed = FIELDS[spec.source];
  for (const field of Object.keys(spec) as (keyof DataSpec)[]) {
    if (field === 'source' || spec[field] === undefined || allowed.includes(field)) continue;
    throw new DatasetsError(
      'data.field-not-used',
      `data.${field} means nothing to source "${spec.source}", which takes ${allowed.join(', ')}: remove it.`,
    );
  }
  if (spec.source !== 'instructions' && allowed.includes('train') && spec.train === undefined) {
    throw new DatasetsError('data.train-missing', `Source "${spec.source}" reads a file: name it in data.train.`);
  }
  if (spec.limit !== undefined && !(Number.isInteger(spec.limit) && spec.limit >= 2)) {
    throw new DatasetsError('data.limit', `data.limit is ${spec.limit}; it must be a whole number of at least 2.`);
  }
  const fraction = spec.testFraction;
  if (fraction !== undefined && !(fraction > 0 && fraction < 1)) {
    throw new DatasetsError('data.test-fraction', `data.testFraction is ${fraction}; it must lie between 0 and 1.`);
  }
}
