import { productOf, sameDim, sameShape } from '../dims.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Dim, Value } from '../value.ts';

/** The same elements in another shape; ORT does it without a copy. */
export function reshape(g: GraphBuilder, x: Value, shape: readonly Dim[]): Value {
  if (sameShape(x.shape, shape)) return x;
  if (!sameDim(productOf(x.shape), productOf(shape))) {
    throw new GraphError('shape', `Reshape: ${describeShape(x.shape)} does not fill ${describeShape(shape)}.`);
  }
  return g.emitOne({
    operator: 'Reshape',
    inputs: [x, g.shapeVector(shape, { inferOne: true })],
    type: x.type,
    shape,
    gradient: ([dy]) => [() => dy && reshape(g, dy, x.shape)],
  });
}
