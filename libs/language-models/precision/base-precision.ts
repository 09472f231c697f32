import { probeInt8, type Int8Levels } from '#autograd';

import type { FrozenWeights } from '../graph-parameters.ts';
import { ModelError } from '../model-error.ts';

/** What a base is computed in; `int8-7-bit` where the processor's sums of 8-bit products saturate (`probeInt8`). */
export const BASE_PRECISIONS = ['fp32', 'int8', 'int8-7-bit'] as const;
export type BasePrecision = (typeof BASE_PRECISIONS)[number];

/** Levels of the weights in a precision of whole numbers. */
export const LEVELS: Readonly<Record<Exclude<BasePrecision, 'fp32'>, Int8Levels>> = { int8: 127, 'int8-7-bit': 63 };

/** The int8 whose weights have so many levels. */
export function int8Of(levels: Int8Levels): Exclude<BasePrecision, 'fp32'> {
  return levels === LEVELS.int8 ? 'int8' : 'int8-7-bit';
}

/** In which precision weights are computed. */
export function precisionOf({ arithmetic }: Pick<FrozenWeights, 'arithmetic'>): BasePrecision {
  return arithmetic?.precision === 'int8' ? int8Of(arithmetic.levels) : 'fp32';
}

/**
 * The most levels with which this processor multiplies 8-bit numbers exactly. Throws ModelError `model.int8-unsupported` where it does with
 * none. `probe` is for tests.
 */
export async function int8LevelsHere(probe = probeInt8): Promise<Int8Levels> {
  const levels = await probe();
  if (levels === undefined)
    throw new ModelError(
      'model.int8-unsupported',
      'This processor does not multiply 8-bit numbers exactly, not even with weights of 7 bits: choose fp32.',
    );
  return levels;
}
