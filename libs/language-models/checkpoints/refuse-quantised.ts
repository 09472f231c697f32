import { ModelError } from '../model-error.ts';
import type { StoredTensors } from './stored-tensors.ts';

/** Elements of 8 bits or fewer: without the scales that lie beside them they say nothing of a matrix. */
const QUANTISED = /^(I8|U8|F8_|F6_|F4)/;
/** Under these names GPTQ, AWQ and compressed-tensors keep a packed weight instead of its own. */
const PACKED = ['.qweight', '.weight_packed'];

/**
 * Refuses a tensor that the checkpoint holds quantised, under one of its names or packed. Buffers such as GPT-2's causal masks are of whole
 * numbers too, but no tensor that is asked for. Throws ModelError `model.already-quantised`.
 */
export function refuseQuantised(names: readonly string[], stored: StoredTensors): void {
  const own = names.find((name) => stored.has(name));
  const packed = names.flatMap((name) => PACKED.map((ending) => name.replace(/\.weight$/, ending)));
  const quantised =
    own === undefined
      ? packed.find((name) => stored.has(name))
      : QUANTISED.test(stored.formatOf(own))
        ? own
        : undefined;
  if (quantised === undefined) return;
  throw new ModelError(
    'model.already-quantised',
    `${stored.pathOf(quantised)}: tensor ${quantised} is stored as ${stored.formatOf(quantised)}: this model is quantised already; give the original checkpoint (fp32, fp16 or bf16), Airtune quantises when it opens a base`,
  );
}
