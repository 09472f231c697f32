import { positiveAxis } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Dim, Value } from '../value.ts';

/** The first `end` (int64 [1]) elements of an axis, which is `size` afterwards; for lengths that only the run knows. No gradient passes it. */
export function sliceTo(
  g: GraphBuilder,
  x: Value,
  { axis, end, size }: { readonly axis: number; readonly end: Value; readonly size: Dim },
): Value {
  const along = positiveAxis('Slice', x.shape, axis);
  return g.emitOne({
    operator: 'Slice',
    inputs: [x, g.integers([0]), end, g.integers([along])],
    type: x.type,
    shape: x.shape.map((dim, i): Dim => (i === along ? size : dim)),
  });
}
