import { dimAt, productOf } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Slope, Value } from '../value.ts';
import { product, productOnto, type ProductOptions } from './matrix-product.ts';
import { reshape } from './reshape.ts';
import { sumToShape } from './sum-to-shape.ts';

/** Matrix product over the last two axes, the others broadcast: [.., m, k] by [.., k, n]. */
export function matMul(g: GraphBuilder, a: Value, b: Value, options: ProductOptions = {}): Value {
  const settings = { transA: false, transB: false, alpha: 1, ...options };
  return product(g, a, b, options, ([dy]) =>
    dy === undefined ? [] : [slopeOfA(g, a, b, dy, settings), () => gradientOfB(g, a, b, dy, settings)],
  );
}

/** dA = dY·Bᵀ, and where A was transposed its transpose, B·dYᵀ. */
function slopeOfA(g: GraphBuilder, a: Value, b: Value, dy: Value, options: Required<ProductOptions>): Slope {
  const { transA, transB, alpha } = options;
  const [left, right] = transA ? [b, dy] : [dy, b];
  const transposed = transA ? { transA: transB, transB: true, alpha } : { transB: !transB, alpha };
  if (a.shape.length === 2 && b.shape.length === 2) {
    return { onto: (sum) => productOnto(g, sum, left, right, transposed) };
  }
  return () => sumToShape(g, product(g, left, right, transposed), a.shape);
}

/** dB = Aᵀ·dY, and where B was transposed its transpose, dYᵀ·A. */
function gradientOfB(g: GraphBuilder, a: Value, b: Value, dy: Value, options: Required<ProductOptions>): Value {
  const { transA, transB, alpha } = options;
  if (b.shape.length === 2 && a.shape.length > 2 && !transA) {
    // A weight under a batch: one product over all rows instead of one a batch and a sum.
    const rows = (x: Value): Value => reshape(g, x, [productOf(x.shape.slice(0, -1)), dimAt(x.shape, -1)]);
    return gradientOfB(g, rows(a), b, rows(dy), options);
  }
  const result = transB
    ? product(g, dy, a, { transA: true, transB: transA, alpha })
    : product(g, a, dy, { transA: !transA, alpha });
  return sumToShape(g, result, b.shape);
}
