import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { requireFloat } from './require-float.ts';

/** The largest element of each row, [.., 1]; no gradient passes it. */
export function rowMax(g: GraphBuilder, x: Value): Value {
  requireFloat('ReduceMax', x);
  return g.emitOne({
    operator: 'ReduceMax',
    inputs: [x, g.integers([-1])],
    attributes: { keepdims: { int: 1 } },
    type: 'float32',
    shape: [...x.shape.slice(0, -1), 1],
  });
}
