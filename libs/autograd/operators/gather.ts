import type { GraphBuilder } from '../graph-builder.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import type { Value } from '../value.ts';
import { reshape } from './reshape.ts';
import { zeros } from './zeros.ts';

/** Rows of a table: table [n, ..], ids int64 of any shape. The gradient adds up the rows of an id that occurs twice. */
export function gather(g: GraphBuilder, table: Value, ids: Value): Value {
  if (ids.type !== 'int64') throw new GraphError('type', `Gather: ${ids.name} is ${ids.type}, int64 is needed.`);
  if (table.shape.length === 0)
    throw new GraphError('shape', `Gather: ${table.name} ${describeShape([])} has no rows.`);
  return g.emitOne({
    operator: 'Gather',
    inputs: [table, ids],
    attributes: { axis: { int: 0 } },
    type: table.type,
    shape: [...ids.shape, ...table.shape.slice(1)],
    gradient: ([dy]) => [
      () =>
        dy &&
        g.emitOne({
          operator: 'ScatterND',
          inputs: [zeros(g, table.shape), reshape(g, ids, [...ids.shape, 1]), dy],
          attributes: { reduction: { string: 'add' } },
          type: 'float32',
          shape: table.shape,
        }),
      undefined,
    ],
  });
}
