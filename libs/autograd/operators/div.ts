import { broadcastShapes } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import { requireFloat } from './require-float.ts';
import { sumToShape } from './sum-to-shape.ts';

/** a / b, with broadcasting. */
export function div(g: GraphBuilder, a: Value, b: Value): Value {
  requireFloat('Div', a, b);
  return g.emitOne({
    operator: 'Div',
    inputs: [a, b],
    type: 'float32',
    shape: broadcastShapes('Div', a.shape, b.shape),
    gradient: ([dy]) => [
      () => dy && sumToShape(g, div(g, dy, b), a.shape),
      () => dy && sumToShape(g, neg(g, div(g, mul(g, dy, a), mul(g, b, b))), b.shape),
    ],
  });
}
