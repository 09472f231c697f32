import type { NamedTensors, Tensor } from '#parameters';

import type { EncoderWeights } from '../checkpoints/load-encoder.ts';
import { LORA_TARGETS } from '../personalisation/lora.ts';
import { tensorNamed } from '../tensor-named.ts';
import type { PersonalSizes } from './personalised-model.ts';

/** The encoder with LoRA folded into its query and value weights: W + alpha/rank · (b·a)ᵀ, as our weights are [in, out]. */
export function mergeLora(base: EncoderWeights, tensors: NamedTensors, lora: PersonalSizes['lora']): EncoderWeights {
  if (lora === undefined) return base;
  const merged = new Map(base.tensors);
  for (const block of lora.blocks) {
    for (const target of LORA_TARGETS) {
      const name = `block.${block}.attention.${target}.weight`;
      const [a, b] = [
        tensorNamed(tensors, `lora.${block}.${target}.a`),
        tensorNamed(tensors, `lora.${block}.${target}.b`),
      ];
      merged.set(name, addProduct(tensorNamed(merged, name), a, b, lora.alpha / lora.rank));
    }
  }
  return { config: base.config, tensors: merged };
}

/** weight [in, out] + scale · aᵀ·bᵀ, for a [rank, in] and b [out, rank]; summed in double precision, rounded once. */
function addProduct(weight: Tensor, a: Tensor, b: Tensor, scale: number): Tensor {
  const [rows = 0, columns = 0] = weight.shape;
  const [rank = 0] = a.shape;
  const data = new Float32Array(weight.data.length);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      let sum = 0;
      for (let r = 0; r < rank; r += 1) sum += (a.data[r * rows + row] ?? 0) * (b.data[column * rank + r] ?? 0);
      data[row * columns + column] = (weight.data[row * columns + column] ?? 0) + scale * sum;
    }
  }
  return { shape: weight.shape, data };
}
