import { dimAt } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { mul } from './mul.ts';
import { reduceSum } from './reduce-sum.ts';
import { requireFloat } from './require-float.ts';
import { sub } from './sub.ts';

/** Softmax over the last axis; dx = y (dy − Σ dy y). */
export function softmax(g: GraphBuilder, x: Value): Value {
  requireFloat('Softmax', x);
  dimAt(x.shape, -1);
  const y: Value = g.emitOne({
    operator: 'Softmax',
    inputs: [x],
    attributes: { axis: { int: -1 } },
    type: 'float32',
    shape: x.shape,
    gradient: ([dy]) => [() => dy && mul(g, y, sub(g, dy, reduceSum(g, mul(g, dy, y), [-1], { keepDims: true })))],
  });
  return y;
}
