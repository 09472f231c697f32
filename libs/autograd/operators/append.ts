import { positiveAxis } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Dim, Value } from '../value.ts';

/** Two values after each other along an axis whose sizes only the run knows; together it is `size`. No gradient passes it. */
export function append(
  g: GraphBuilder,
  [a, b]: readonly [Value, Value],
  { axis, size }: { readonly axis: number; readonly size: Dim },
): Value {
  const along = positiveAxis('Concat', a.shape, axis);
  return g.emitOne({
    operator: 'Concat',
    inputs: [a, b],
    attributes: { axis: { int: along } },
    type: a.type,
    shape: a.shape.map((dim, i): Dim => (i === along ? size : dim)),
  });
}
