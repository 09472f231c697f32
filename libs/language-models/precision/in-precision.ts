import type { FrozenEncoder } from '../checkpoints/load-encoder.ts';
import type { FrozenDecoder } from '../decoder/load-decoder.ts';
import type { FrozenWeights } from '../graph-parameters.ts';
import { loadTokenizer } from '../tokenizers/load-tokenizer.ts';
import { LEVELS, type BasePrecision } from './base-precision.ts';
import { gradientsWithin } from './block-bytes.ts';
import { measureLayers } from './measure-layers.ts';
import { staysExact } from './outlier-rule.ts';
import { SAMPLE_TEXT } from './sample-text.ts';

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
