import type { FrozenArithmetic, FrozenLayer, LinearScales } from './frozen-layer.ts';
import type { GraphBuilder } from './graph-builder.ts';
import { int8Linear } from './int8/int8-linear.ts';
import { gemm } from './operators/gemm.ts';
import { matMul } from './operators/matmul.ts';
import type { Value } from './value.ts';

const FP32: FrozenArithmetic = { precision: 'fp32' };

/**
 * x [rows, in] through a layer that never changes. This is the one place that decides how such a product is computed, forward
 * and for the gradient that flows through it. In fp32 one matrix serves both ways (transposed by the kernel in the backward
 * pass); in int8 each way has its own, or memory is saved, see `int8Linear`.
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
    return int8Linear(g, x, layer, { alpha, beta }, arithmetic);
  const matrix = g.frozen(transB ? name : `${name}.weight`, weight);
  return bias === undefined
    ? matMul(g, x, matrix, { transB, alpha })
    : gemm(g, x, matrix, g.frozen(`${name}.bias`, bias), { transB, alpha, beta });
}
