import { dimAt, positiveAxis } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import type { Dim, Value } from '../value.ts';
import { concat } from './concat.ts';
import { zeros } from './zeros.ts';

/** Cuts an axis into pieces of the given sizes. */
export function split(g: GraphBuilder, x: Value, axis: number, sizes: readonly number[]): readonly Value[] {
  const along = positiveAxis('Split', x.shape, axis);
  if (dimAt(x.shape, along) !== sizes.reduce((sum, size) => sum + size, 0)) {
    throw new GraphError(
      'shape',
      `Split: ${describeShape(x.shape)} is not [${sizes.join(', ')}] on axis ${String(along)}.`,
    );
  }
  const shapes = sizes.map((size) => x.shape.map((dim, i): Dim => (i === along ? size : dim)));
  return g.emit({
    operator: 'Split',
    inputs: [x, g.integers(sizes)],
    attributes: { axis: { int: along } },
    outputs: shapes.map((shape) => ({ type: x.type, shape })),
    gradient: (upstream) => [
      () =>
        concat(
          g,
          shapes.map((shape, i) => upstream[i] ?? zeros(g, shape)),
          along,
        ),
    ],
  });
}
