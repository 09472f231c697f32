import type { GraphBuilder } from './graph-builder.ts';
import { int8Linear } from './int8/int8-linear.ts';
import { gemm } from './operators/gemm.ts';
import { matMul } from './operators/matmul.ts';
import type { FloatTensor, Value } from './value.ts';

/** A frozen layer: weight [in, out], or [out, in] where `transposed`; bias [out]. */
export interface FrozenLayer {
  readonly name: string;
  readonly weight: FloatTensor;
  readonly bias?: FloatTensor | undefined;
  readonly transposed?: boolean;
}

/** alpha x·weight + beta bias; both 1 by default. */
export interface LinearScales {
  readonly alpha?: number;
  readonly beta?: number;
}

/** How products with frozen matrices are computed. */
export type FrozenArithmetic =
  | { readonly precision: 'fp32' }
  | {
      readonly precision: 'int8';
      /** Weights are whole numbers from −levels to levels: 127, or 63 where the processor's sums of products saturate (`probeInt8`). */
      readonly levels: Int8Levels;
      /** Layers that are computed in fp32 all the same. */
      readonly exceptions: ReadonlySet<string>;
    };

export type Int8Levels = 127 | 63;

const FP32: FrozenArithmetic = { precision: 'fp32' };

/**
 * x [rows, in] through a layer that never changes. This is the one place that decides how such a product is computed, forward
 * and for the gradient that flows through it. In fp32 one matrix serves both ways (transposed by the kernel in the backward
 * pass); in int8 each way has its own, see `int8Linear`.
 */
export function frozenLinear(
  g: GraphBuilder,
  x: Value,
  layer: FrozenLayer,
  scales: LinearScales = {},
  arithmetic: FrozenArithmetic = FP32,
): Value {
  const { name, weight, bias, transposed: transB = false } = layer;
  const { alpha = 1, beta = 1 } = scales;
  if (arithmetic.precision === 'int8' && !arithmetic.exceptions.has(name))
    return int8Linear(g, x, layer, { alpha, beta }, arithmetic.levels);
  const matrix = g.frozen(transB ? name : `${name}.weight`, weight);
  return bias === undefined
    ? matMul(g, x, matrix, { transB, alpha })
    : gemm(g, x, matrix, g.frozen(`${name}.bias`, bias), { transB, alpha, beta });
}
