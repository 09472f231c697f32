import { broadcastShapes, sameShape } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import type { Dim, GradientRule, Value } from '../value.ts';

/** Broadcasts `x` to `shape`. */
export function stretch(g: GraphBuilder, x: Value, shape: readonly Dim[], gradient?: GradientRule): Value {
  if (sameShape(x.shape, shape)) return x;
  if (!sameShape(broadcastShapes('Expand', x.shape, shape), shape)) {
    throw new GraphError('shape', `Expand: ${describeShape(x.shape)} does not broadcast to ${describeShape(shape)}.`);
  }
  return g.emitOne({
    operator: 'Expand',
    inputs: [x, g.shapeVector(shape, { inferOne: false })],
    type: x.type,
    shape,
    ...(gradient === undefined ? {} : { gradient }),
  });
}
