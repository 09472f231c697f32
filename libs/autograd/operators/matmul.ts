import { broadcastShapes, dimAt, productOf, sameDim } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import type { Dim, Value } from '../value.ts';
import { requireFloat } from './require-float.ts';
import { reshape } from './reshape.ts';
import { sumToShape } from './sum-to-shape.ts';

export interface MatMulOptions {
  /** Transpose the last two axes of `a` / of `b`. */
  readonly transA?: boolean;
  readonly transB?: boolean;
  /** Scales the product, at no cost. */
  readonly alpha?: number;
}

function productShape(a: Value, b: Value, { transA = false, transB = false }: MatMulOptions): Dim[] {
  const fail = (): never => {
    const operands = `${describeShape(a.shape)}${transA ? 'ᵀ' : ''} by ${describeShape(b.shape)}${transB ? 'ᵀ' : ''}`;
    throw new GraphError('shape', `MatMul: cannot multiply ${operands}.`);
  };
  if (a.shape.length < 2 || b.shape.length < 2) fail();
  if (!sameDim(dimAt(a.shape, transA ? -2 : -1), dimAt(b.shape, transB ? -1 : -2))) fail();
  const batch = broadcastShapes('MatMul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  return [...batch, dimAt(a.shape, transA ? -1 : -2), dimAt(b.shape, transB ? -2 : -1)];
}

/** Matrix product over the last two axes, the others broadcast: [.., m, k] by [.., k, n]. */
export function matMul(g: GraphBuilder, a: Value, b: Value, options: MatMulOptions = {}): Value {
  requireFloat('MatMul', a, b);
  const { transA = false, transB = false, alpha = 1 } = options;
  const shape = productShape(a, b, options);
  const plain = !transA && !transB && alpha === 1;
  const attributes = { transA: { int: transA ? 1 : 0 }, transB: { int: transB ? 1 : 0 }, alpha: { float: alpha } };
  return g.emitOne({
    ...(plain ? { operator: 'MatMul' } : { operator: 'FusedMatMul', domain: 'com.microsoft', attributes }),
    inputs: [a, b],
    type: 'float32',
    shape,
    gradient: ([dy]) => [
      () => dy && sumToShape(g, gradientOfA(g, b, dy, { transA, transB, alpha }), a.shape),
      () => dy && gradientOfB(g, a, b, dy, { transA, transB, alpha }),
    ],
  });
}

function gradientOfA(g: GraphBuilder, b: Value, dy: Value, { transA, transB, alpha }: Required<MatMulOptions>): Value {
  return transA
    ? matMul(g, b, dy, { transA: transB, transB: true, alpha })
    : matMul(g, dy, b, { transB: !transB, alpha });
}

function gradientOfB(g: GraphBuilder, a: Value, b: Value, dy: Value, options: Required<MatMulOptions>): Value {
  const { transA, transB, alpha } = options;
  if (b.shape.length === 2 && a.shape.length > 2 && !transA) {
    // A weight under a batch: one product over all rows instead of one a batch and a sum.
    const rows = (x: Value): Value => reshape(g, x, [productOf(x.shape.slice(0, -1)), dimAt(x.shape, -1)]);
    return gradientOfB(g, rows(a), b, rows(dy), options);
  }
  const product = transB
    ? matMul(g, dy, a, { transA: true, transB: transA, alpha })
    : matMul(g, a, dy, { transA: !transA, alpha });
  return sumToShape(g, product, b.shape);
}
