import type { GraphBuilder } from './graph-builder.ts';
import { gemm } from './operators/gemm.ts';
import { matMul } from './operators/matmul.ts';
import type { FloatTensor, Value } from './value.ts';

/** A frozen layer: weight [in, out], bias [out]. */
export interface FrozenLayer {
  readonly name: string;
  readonly weight: FloatTensor;
  readonly bias?: FloatTensor | undefined;
}

/** alpha x·weight + beta bias; both 1 by default. */
export interface LinearScales {
  readonly alpha?: number;
  readonly beta?: number;
}

/**
 * x [rows, in] through a layer that never changes. This is the one place that decides how such a product is computed,
 * forward and, by the rule of the operator chosen here, for the gradient that flows through it: one fp32 matrix that
 * serves both ways (transposed by the kernel in the backward pass).
 */
export function frozenLinear(g: GraphBuilder, x: Value, layer: FrozenLayer, scales: LinearScales = {}): Value {
  const { name, weight, bias } = layer;
  const { alpha = 1, beta = 1 } = scales;
  const matrix = g.frozen(`${name}.weight`, weight);
  return bias === undefined
    ? matMul(g, x, matrix, { alpha })
    : gemm(g, x, matrix, g.frozen(`${name}.bias`, bias), { alpha, beta });
}
