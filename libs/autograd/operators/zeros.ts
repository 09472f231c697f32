import type { GraphBuilder } from '../graph-builder.ts';
import type { Dim, Value } from '../value.ts';

/** A float32 tensor of zeros. */
export function zeros(g: GraphBuilder, shape: readonly Dim[]): Value {
  return g.emitOne({
    operator: 'ConstantOfShape',
    inputs: [g.shapeVector(shape, { inferOne: false })],
    type: 'float32',
    shape,
  });
}
