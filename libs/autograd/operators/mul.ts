import { broadcastShapes } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { requireFloat } from './require-float.ts';
import { sumToShape } from './sum-to-shape.ts';

/** a · b, with broadcasting. */
export function mul(g: GraphBuilder, a: Value, b: Value): Value {
  requireFloat('Mul', a, b);
  return g.emitOne({
    operator: 'Mul',
    inputs: [a, b],
    type: 'float32',
    shape: broadcastShapes('Mul', a.shape, b.shape),
    gradient: ([dy]) => [
      () => dy && sumToShape(g, mul(g, dy, b), a.shape),
      () => dy && sumToShape(g, mul(g, dy, a), b.shape),
    ],
  });
}
