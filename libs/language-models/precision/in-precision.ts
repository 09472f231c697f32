import type { Int8Levels } from '#autograd';

import type { FrozenEncoder } from '../checkpoints/load-encoder.ts';
import type { FrozenDecoder } from '../decoder/load-decoder.ts';
import type { FrozenWeights } from '../graph-parameters.ts';
import { loadTokenizer } from '../tokenizers/load-tokenizer.ts';
import { gradientsWithin } from './block-bytes.ts';
import { measureLayers } from './measure-layers.ts';
import { staysExact } from './outlier-rule.ts';
import { SAMPLE_TEXT } from './sample-text.ts';

/** What a base is computed in; `int8-7-bit` where the processor's sums of 8-bit products saturate (`probeInt8`). */
export const BASE_PRECISIONS = ['fp32', 'int8', 'int8-7-bit'] as const;
export type BasePrecision = (typeof BASE_PRECISIONS)[number];

/** Levels of the weights in a precision of whole numbers. */
export const LEVELS: Readonly<Record<Exclude<BasePrecision, 'fp32'>, Int8Levels>> = { int8: 127, 'int8-7-bit': 63 };

/** How a base is to be computed. */
export interface ComputedIn {
  readonly precision: BasePrecision;
  /** What the matrices of an encoder's blocks may take in int8, in bytes: see `gradientsWithin`. No limit unless said. */
  readonly memoryBudgetBytes?: number | undefined;
}

/**
 * The same base, computed in a precision: in int8 but for the layers with outliers, which are found by running it over a sample text that
 * is the same for everyone. It is read with the tokenizer of the folder that the base was loaded from. Throws ModelError `tokenizer.*`, and
 * `model.memory-budget` where the base does not fit its budget.
 */
export async function inPrecision<Weights extends FrozenEncoder | FrozenDecoder>(
  weights: Weights,
  { precision, modelFolder, memoryBudgetBytes }: ComputedIn & { readonly modelFolder: string },
): Promise<Weights> {
  if (precision === 'fp32') return weights;
  const gradients = memoryBudgetBytes === undefined ? 'copies' : gradientsWithin(weights.config, memoryBudgetBytes);
  const levels = LEVELS[precision];
  const layers = await measureLayers(weights, await loadTokenizer(modelFolder), SAMPLE_TEXT, levels);
  const exceptions = new Set(layers.filter(staysExact).map(({ name }) => name));
  return { ...weights, arithmetic: { precision: 'int8', levels, exceptions, gradients } };
}

/** Whether memory counts more than speed: matrices then stay as they are in their file, instead of reordered for the processor. */
export function savesMemory({ arithmetic }: Pick<FrozenWeights, 'arithmetic'>): boolean {
  return arithmetic?.precision === 'int8' && arithmetic.gradients === 'dequantised';
}

/** In which precision weights are computed. */
export function precisionOf({ arithmetic }: Pick<FrozenWeights, 'arithmetic'>): BasePrecision {
  if (arithmetic?.precision !== 'int8') return 'fp32';
  return arithmetic.levels === LEVELS.int8 ? 'int8' : 'int8-7-bit';
}

/** The int8 that a processor of so many levels computes exactly. */
export function int8Of(levels: Int8Levels): Exclude<BasePrecision, 'fp32'> {
  return levels === LEVELS.int8 ? 'int8' : 'int8-7-bit';
}
