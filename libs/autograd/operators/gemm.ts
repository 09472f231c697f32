import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { productOnto, productOverRows, productPlus, type FewRows } from './matrix-product.ts';
import { mul } from './mul.ts';
import { sumToShape } from './sum-to-shape.ts';

export interface GemmOptions {
  readonly transB?: boolean;
  /** Scales the product, at no cost. */
  readonly alpha?: number;
  /** Scales c. */
  readonly beta?: number;
  /** See ProductOptions. */
  readonly fewRows?: FewRows;
}

/** alpha a·b + beta c of matrices, c broadcast: a [m, k], b [k, n] (or [n, k] with transB). */
export function gemm(g: GraphBuilder, a: Value, b: Value, c: Value, options: GemmOptions = {}): Value {
  const { transB = false, alpha = 1, beta = 1, fewRows = false } = options;
  return productPlus(g, [a, b, c], options, ([dy]) =>
    dy === undefined
      ? []
      : [
          { onto: (sum) => productOnto(g, sum, dy, b, { transB: !transB, alpha, fewRows }) },
          () => (transB ? productOverRows(g, dy, a, alpha) : productOverRows(g, a, dy, alpha)),
          () => {
            const slope = sumToShape(g, dy, c.shape);
            return beta === 1 ? slope : mul(g, slope, g.scalar(beta));
          },
        ],
  );
}
