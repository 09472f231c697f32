import type { FrozenEncoder } from '../checkpoints/load-encoder.ts';
import type { FrozenDecoder } from '../decoder/load-decoder.ts';
import type { FrozenWeights } from '../graph-parameters.ts';
import { loadTokenizer } from '../tokenizers/load-tokenizer.ts';
import { LEVELS, type BasePrecision } from './base-precision.ts';
import type { Gradients } from './block-bytes.ts';
import { measureLayers } from './measure-layers.ts';
import { staysExact } from './outlier-rule.ts';
import { SAMPLE_TEXT } from './sample-text.ts';

/** How a base is to be computed. */
export interface ComputedIn {
  readonly precision: BasePrecision;
  /** How gradients flow through it in int8: `gradientsWithin` a budget. Default is by transposed copies. */
  readonly gradients?: Gradients | undefined;
}

/**
 * The same base, computed in a precision: in int8 but for the layers with outliers, which are found by running it over a sample text that
 * is the same for everyone. It is read with the tokenizer of the folder that the base was loaded from. Throws ModelError `tokenizer.*`.
 */
export async function inPrecision<Weights extends FrozenEncoder | FrozenDecoder>(
  weights: Weights,
  { precision, modelFolder, gradients = 'copies' }: ComputedIn & { readonly modelFolder: string },
): Promise<Weights> {
  if (precision === 'fp32') return weights;
  const levels = LEVELS[precision];
  const layers = await measureLayers(weights, await loadTokenizer(modelFolder), SAMPLE_TEXT, levels);
  const exceptions = new Set(layers.filter(staysExact).map(({ name }) => name));
  return { ...weights, arithmetic: { precision: 'int8', levels, exceptions, gradients } };
}

/** Whether memory counts more than speed: matrices then stay as they are in their file, instead of reordered for the processor. */
export function savesMemory({ arithmetic }: Pick<FrozenWeights, 'arithmetic'>): boolean {
  return arithmetic?.precision === 'int8' && arithmetic.gradients === 'dequantised';
}
