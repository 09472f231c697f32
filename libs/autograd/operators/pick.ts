import { dimAt, sameShape } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import type { Value } from '../value.ts';
import { requireFloat } from './require-float.ts';
import { zeros } from './zeros.ts';

/** One element of each row: x [.., n], int64 columns [.., 1]. */
export function pick(g: GraphBuilder, x: Value, columns: Value): Value {
  requireFloat('Pick', x);
  if (
    columns.type !== 'int64' ||
    dimAt(columns.shape, -1) !== 1 ||
    !sameShape(columns.shape.slice(0, -1), x.shape.slice(0, -1))
  ) {
    throw new GraphError(
      'shape',
      `Pick: ${columns.type} columns ${describeShape(columns.shape)} do not fit ${describeShape(x.shape)}.`,
    );
  }
  const attributes = { axis: { int: -1 } };
  return g.emitOne({
    operator: 'GatherElements',
    inputs: [x, columns],
    attributes,
    type: 'float32',
    shape: columns.shape,
    gradient: ([dy]) => [
      () =>
        dy &&
        g.emitOne({
          operator: 'ScatterElements',
          inputs: [zeros(g, x.shape), columns, dy],
          attributes,
          type: 'float32',
          shape: x.shape,
        }),
      undefined,
    ],
  });
}
