import { dimAt, productOf } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Slope, Value } from '../value.ts';
import { product, productOnto, type ProductOptions } from './matrix-product.ts';
import { reshape } from './reshape.ts';
import { sumToShape } from './sum-to-shape.ts';
import { transpose } from './transpose.ts';

/** Matrix product over the last two axes, the others broadcast: [.., m, k] by [.., k, n]. */
export function matMul(g: GraphBuilder, a: Value, b: Value, options: ProductOptions = {}): Value {
  const settings = { transA: false, transB: false, transBatchA: false, transBatchB: false, alpha: 1, ...options };
  return product(g, a, b, options, ([dy]) =>
    dy === undefined ? [] : [slopeOfA(g, a, b, dy, settings), () => gradientOfB(g, a, b, dy, settings)],
  );
}

/** dA = dY·Bᵀ, and where A was transposed its transpose, B·dYᵀ. */
function slopeOfA(g: GraphBuilder, a: Value, b: Value, dy: Value, options: Required<ProductOptions>): Slope {
  const { transA, transB, transBatchA, transBatchB: batch, alpha } = options;
  const [left, right] = transA ? [b, dy] : [dy, b];
  const transposed = transA
    ? { transA: transB, transB: true, transBatchA: batch, alpha }
    : { transB: !transB, transBatchB: batch, alpha };
  if (a.shape.length === 2 && b.shape.length === 2) {
    return { onto: (sum) => productOnto(g, sum, left, right, transposed) };
  }
  return () => inLayoutOf(g, product(g, left, right, transposed), a, transBatchA);
}

/** dB = Aᵀ·dY, and where B was transposed its transpose, dYᵀ·A. */
function gradientOfB(g: GraphBuilder, a: Value, b: Value, dy: Value, options: Required<ProductOptions>): Value {
  const { transA, transB, transBatchA: batch, transBatchB, alpha } = options;
  if (b.shape.length === 2 && a.shape.length > 2 && !transA) {
    // A weight under a batch: one product over all rows instead of one a batch and a sum.
    const rows = (x: Value): Value => reshape(g, x, [productOf(x.shape.slice(0, -1)), dimAt(x.shape, -1)]);
    return gradientOfB(g, rows(a), b, rows(dy), options);
  }
  const result = transB
    ? product(g, dy, a, { transA: true, transB: transA, transBatchB: batch, alpha })
    : product(g, a, dy, { transA: !transA, transBatchA: batch, alpha });
  return inLayoutOf(g, result, b, transBatchB);
}

/** The gradient [.., m, k] of an operand, in the operand's own order of axes and without its broadcast axes. */
function inLayoutOf(g: GraphBuilder, slope: Value, operand: Value, rowsFirst: boolean): Value {
  if (!rowsFirst) return sumToShape(g, slope, operand.shape);
  const rows = slope.shape.length - 2;
  const batch = Array.from({ length: rows }, (_, axis) => axis);
  return sumToShape(g, transpose(g, slope, [rows, ...batch, rows + 1]), operand.shape);
}
