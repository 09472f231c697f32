import type { Int8Levels } from '#autograd';

import { withRewardBase } from '../reward/reward-base.ts';
import { loadTokenizer } from '../tokenizers/load-tokenizer.ts';
import { int8LevelsHere } from './base-precision.ts';
import { measureLayers, type MeasuredLayer } from './measure-layers.ts';
import { LARGEST_RELATIVE_ERROR, staysExact } from './outlier-rule.ts';
import { SAMPLE_TEXT } from './sample-text.ts';

/** What int8 would do to a base on this machine. */
export interface PrecisionReport {
  readonly layers: readonly (MeasuredLayer & { readonly precision: 'fp32' | 'int8' })[];
  /** From which relative error on a layer stays in fp32. */
  readonly largestRelativeError: number;
  readonly levels: Int8Levels;
  /** Of all these layers' weights, as they are stored: in fp32, and as the report would have them. */
  readonly weightBytes: { readonly fp32: number; readonly int8: number };
}

/**
 * Measures each frozen layer of a Hugging Face folder on a text, by default the sample that training decides by. Throws ModelError: what is
 * wrong with the folder, `model.already-quantised`, or `model.int8-unsupported` where the processor cannot multiply 8-bit numbers exactly.
 */
export async function reportPrecision(folder: string, text = SAMPLE_TEXT): Promise<PrecisionReport> {
  const levels = await int8LevelsHere();
  const measured = await withRewardBase(folder, async (base) =>
    measureLayers(base, await loadTokenizer(folder), text, levels),
  );
  const layers = measured.map((layer) => ({ ...layer, precision: staysExact(layer) ? 'fp32' : 'int8' }) as const);
  const bytesOf = (bytesOfOne: (precision: 'fp32' | 'int8') => number): number =>
    layers.reduce((sum, { shape: [inner, out], precision }) => sum + inner * out * bytesOfOne(precision), 0);
  const weightBytes = { fp32: bytesOf(() => 4), int8: bytesOf((precision) => (precision === 'fp32' ? 4 : 1)) };
  return { layers, largestRelativeError: LARGEST_RELATIVE_ERROR, levels, weightBytes };
}
