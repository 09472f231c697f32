import { DatasetsError } from '../datasets-error.ts';

export type InstructionSource = 'instructions' | 'alpaca' | 'dolly' | 'jsonl';

/** Where instructions come from. Paths are absolute by the time a spec comes here. */
export interface InstructionSpec {
  /** `instructions` is made from WordNet and needs no file; the others read `train`. */
  readonly source: InstructionSource;
  readonly train?: string | undefined;
  /** Without it `testFraction` of `train` is held out, the same rows every time. */
  readonly test?: string | undefined;
  /** In (0, 1), default 0.1; only where `test` is absent. */
  readonly testFraction?: number | undefined;
  /** At most so many training instructions, chosen by content alone; the test set is not limited. */
  readonly limit?: number | undefined;
}

/** Refuses fields that the source would ignore, and numbers out of range. */
export function checkInstructionSpec(spec: InstructionSpec): void {
  if (spec.source === 'instructions') {
    const ignored = (['train', 'test', 'testFraction'] as const).find((field) => spec[field] !== undefined);
    if (ignored !== undefined)
      throw new DatasetsError(
        'data.field-not-used',
        `data.${ignored} means nothing to source "instructions", which takes limit: remove it.`,
      );
  } else if (spec.train === undefined) {
    throw new DatasetsError('data.train-missing', `Source "${spec.source}" reads a file: name it in data.train.`);
  }
  if (spec.limit !== undefined && !(Number.isInteger(spec.limit) && spec.limit >= 2))
    throw new DatasetsError('data.limit', `data.limit is ${spec.limit}; it must be a whole number of at least 2.`);
  const fraction = spec.testFraction;
  if (fraction !== undefined && !(fraction > 0 && fraction < 1))
    throw new DatasetsError('data.test-fraction', `data.testFraction is ${fraction}; it must lie between 0 and 1.`);
}
