import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';

/** Index of the largest element of each row (the first of equals), int64; no gradient passes it. */
export function argMax(g: GraphBuilder, x: Value): Value {
  return g.emitOne({
    operator: 'ArgMax',
    inputs: [x],
    attributes: { axis: { int: -1 }, keepdims: { int: 0 } },
    type: 'int64',
    shape: x.shape.slice(0, -1),
  });
}
