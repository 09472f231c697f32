import { dimAt } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { exp } from './exp.ts';
import { mul } from './mul.ts';
import { reduceSum } from './reduce-sum.ts';
import { requireFloat } from './require-float.ts';
import { sub } from './sub.ts';

/** Logarithm of the softmax over the last axis; dx = dy − eʸ Σ dy. */
export function logSoftmax(g: GraphBuilder, x: Value): Value {
  requireFloat('LogSoftmax', x);
  dimAt(x.shape, -1);
  const y: Value = g.emitOne({
    operator: 'LogSoftmax',
    inputs: [x],
    attributes: { axis: { int: -1 } },
    type: 'float32',
    shape: x.shape,
    gradient: ([dy]) => [() => dy && sub(g, dy, mul(g, exp(g, y), reduceSum(g, dy, [-1], { keepDims: true })))],
  });
  return y;
}
