import { broadcastShapes, dimAt, sameDim, sameShape } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import type { Value } from '../value.ts';
import { matMul } from './matmul.ts';
import { mul } from './mul.ts';
import { requireFloat } from './require-float.ts';
import { sumToShape } from './sum-to-shape.ts';

export interface GemmOptions {
  readonly transB?: boolean;
  /** Scales the product, at no cost. */
  readonly alpha?: number;
  /** Scales c. */
  readonly beta?: number;
}

/** alpha a·b + beta c of matrices, c broadcast: one pass where MatMul and Add make two. */
export function gemm(
  g: GraphBuilder,
  a: Value,
  b: Value,
  c: Value,
  { transB = false, alpha = 1, beta = 1 }: GemmOptions = {},
): Value {
  requireFloat('Gemm', a, b, c);
  const [rows, columns] = [dimAt(a.shape, -2), dimAt(b.shape, transB ? 0 : 1)];
  const shape = [rows, columns];
  const inner = sameDim(dimAt(a.shape, -1), dimAt(b.shape, transB ? 1 : 0));
  if (
    a.shape.length !== 2 ||
    b.shape.length !== 2 ||
    !inner ||
    !sameShape(broadcastShapes('Gemm', c.shape, shape), shape)
  ) {
    const operands = `${describeShape(a.shape)} by ${describeShape(b.shape)}${transB ? 'ᵀ' : ''} plus ${describeShape(c.shape)}`;
    throw new GraphError('shape', `Gemm: cannot compute ${operands}.`);
  }
  return g.emitOne({
    operator: 'Gemm',
    inputs: [a, b, c],
    attributes: { transB: { int: transB ? 1 : 0 }, alpha: { float: alpha }, beta: { float: beta } },
    type: 'float32',
    shape,
    gradient: ([dy]) => [
      () => dy && matMul(g, dy, b, { transB: !transB, alpha }),
      () => dy && (transB ? matMul(g, dy, a, { transA: true, alpha }) : matMul(g, a, dy, { transA: true, alpha })),
      () => {
        const slope = dy && sumToShape(g, dy, c.shape);
        return slope && beta !== 1 ? mul(g, slope, g.scalar(beta)) : slope;
      },
    ],
  });
}
