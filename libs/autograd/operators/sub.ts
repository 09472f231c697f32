import { broadcastShapes } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { neg } from './neg.ts';
import { requireFloat } from './require-float.ts';
import { sumToShape } from './sum-to-shape.ts';

/** a − b, with broadcasting. */
export function sub(g: GraphBuilder, a: Value, b: Value): Value {
  requireFloat('Sub', a, b);
  return g.emitOne({
    operator: 'Sub',
    inputs: [a, b],
    type: 'float32',
    shape: broadcastShapes('Sub', a.shape, b.shape),
    gradient: ([dy]) => [() => dy && sumToShape(g, dy, a.shape), () => dy && sumToShape(g, neg(g, dy), b.shape)],
  });
}
