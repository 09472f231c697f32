import { broadcastShapes, sameShape } from '../dims.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Dim, Value } from '../value.ts';
import { sumToShape } from './sum-to-shape.ts';

/** Broadcasts `x` to `shape`. */
export function expand(g: GraphBuilder, x: Value, shape: readonly Dim[]): Value {
  if (sameShape(x.shape, shape)) return x;
  if (!sameShape(broadcastShapes('Expand', x.shape, shape), shape)) {
    throw new GraphError('shape', `Expand: ${describeShape(x.shape)} does not broadcast to ${describeShape(shape)}.`);
  }
  return g.emitOne({
    operator: 'Expand',
    inputs: [x, g.shapeVector(shape, { inferOne: false })],
    type: x.type,
    shape,
    gradient: ([dy]) => [() => dy && sumToShape(g, dy, x.shape)],
  });
}
