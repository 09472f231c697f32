import type { GraphBuilder } from '../graph-builder.ts';
import type { Dim, Value } from '../value.ts';
import { requireFloat } from './require-float.ts';

/** The `count` (int64 [1]) largest elements of each row, the largest first, the first of equals before the others; and where they were, int64. */
export function topK(
  g: GraphBuilder,
  x: Value,
  count: Value,
  size: Dim,
): { readonly values: Value; readonly indices: Value } {
  requireFloat('TopK', x);
  const shape = [...x.shape.slice(0, -1), size];
  const [values, indices] = g.emit({
    operator: 'TopK',
    inputs: [x, count],
    attributes: { axis: { int: -1 }, largest: { int: 1 }, sorted: { int: 1 } },
    outputs: [
      { type: 'float32', shape },
      { type: 'int64', shape },
    ],
  }) as [Value, Value];
  return { values, indices };
}
