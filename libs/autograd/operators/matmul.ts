import { dimAt, productOf } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { GradientRule, Slope, Value } from '../value.ts';
import { product, productOnto, productOverRows, type ProductOptions } from './matrix-product.ts';
import { reshape } from './reshape.ts';
import { sumToShape } from './sum-to-shape.ts';
import { transpose } from './transpose.ts';
import { transposeRows } from './transpose-rows.ts';

/** Matrix product over the last two axes, the others broadcast: [.., m, k] by [.., k, n]. */
export function matMul(g: GraphBuilder, a: Value, b: Value, options: ProductOptions = {}): Value {
  const settings = { ...DEFAULTS, ...options };
  const gradient: GradientRule = ([dy]) =>
    dy === undefined ? [] : [slopeOfA(g, a, b, dy, settings), () => gradientOfB(g, a, b, dy, settings)];
  if (!settings.rowsFirst) return product(g, a, b, options, gradient);
  const y = product(g, a, b, options);
  const batch = y.shape.slice(0, -2).map((_, axis) => axis);
  return transposeRows(g, y, [batch.length, ...batch], { differentiates: [a, b], gradient });
}

const DEFAULTS: Required<ProductOptions> = {
  transA: false,
  transB: false,
  transBatchA: false,
  transBatchB: false,
  alpha: 1,
  fewRows: false,
  rowsFirst: false,
};

/** dA = dY·Bᵀ, and where A was transposed its transpose, B·dYᵀ. */
function slopeOfA(g: GraphBuilder, a: Value, b: Value, dy: Value, options: Required<ProductOptions>): Slope {
  const { transA, transB, transBatchA, transBatchB: batch, alpha, fewRows, rowsFirst } = options;
  const [left, right] = transA ? [b, dy] : [dy, b];
  const transposed = transA
    ? { transA: transB, transB: true, transBatchA: batch, transBatchB: rowsFirst, alpha }
    : { transB: !transB, transBatchA: rowsFirst, transBatchB: batch, alpha, fewRows };
  if (a.shape.length === 2 && b.shape.length === 2) {
    return { onto: (sum) => productOnto(g, sum, left, right, transposed) };
  }
  return () => inLayoutOf(g, product(g, left, right, transposed), a, transBatchA);
}

/** dB = Aᵀ·dY, and where B was transposed its transpose, dYᵀ·A. */
function gradientOfB(g: GraphBuilder, a: Value, b: Value, dy: Value, options: Required<ProductOptions>): Value {
  const { transA, transB, transBatchA: batch, transBatchB, alpha, rowsFirst } = options;
  if (b.shape.length === 2 && a.shape.length > 2 && !transA) {
    // A weight under a batch: one product over all rows instead of one a batch and a sum.
    const rows = (x: Value): Value => reshape(g, x, [productOf(x.shape.slice(0, -1)), dimAt(x.shape, -1)]);
    return gradientOfB(g, rows(a), b, rows(dy), options);
  }
  if (a.shape.length === 2 && dy.shape.length === 2 && !transA) {
    return transB ? productOverRows(g, dy, a, alpha) : productOverRows(g, a, dy, alpha);
  }
  const result = transB
    ? product(g, dy, a, { transA: true, transB: transA, transBatchA: rowsFirst, transBatchB: batch, alpha })
    : product(g, a, dy, { transA: !transA, transBatchA: batch, transBatchB: rowsFirst, alpha });
  return inLayoutOf(g, result, b, transBatchB);
}

/** The gradient [.., m, k] of an operand, in the operand's own order of axes and without its broadcast axes. */
function inLayoutOf(g: GraphBuilder, slope: Value, operand: Value, rowsFirst: boolean): Value {
  if (!rowsFirst) return sumToShape(g, slope, operand.shape);
  const rows = slope.shape.length - 2;
  const batch = Array.from({ length: rows }, (_, axis) => axis);
  // Attention heads have a batch of two axes and short rows.
  const moved =
    batch.length > 1 ? transposeRows(g, slope, [rows, ...batch]) : transpose(g, slope, [rows, ...batch, rows + 1]);
  return sumToShape(g, moved, operand.shape);
}
