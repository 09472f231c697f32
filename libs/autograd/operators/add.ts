import { broadcastShapes } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { requireFloat } from './require-float.ts';
import { sumToShape } from './sum-to-shape.ts';

/** a + b, with broadcasting. */
export function add(g: GraphBuilder, a: Value, b: Value): Value {
  requireFloat('Add', a, b);
  return g.emitOne({
    operator: 'Add',
    inputs: [a, b],
    type: 'float32',
    shape: broadcastShapes('Add', a.shape, b.shape),
    gradient: ([dy]) => [() => dy && sumToShape(g, dy, a.shape), () => dy && sumToShape(g, dy, b.shape)],
  });
}
