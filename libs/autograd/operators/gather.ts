import { dimAt, productOf } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import type { Dim, Value } from '../value.ts';
import { reshape } from './reshape.ts';
import { stretch } from './stretch.ts';
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
    gradient: ([dy]) => [() => dy && scatteredRows(g, dy, table.shape, ids), undefined],
  });
}

/**
 * Rows of dy added up by id. ScatterElements does it in one thread; ONNX Runtime's ScatterND (1.30) splits the rows over
 * its threads and loses additions where an id occurs twice.
 */
function scatteredRows(g: GraphBuilder, dy: Value, shape: readonly Dim[], ids: Value): Value {
  const width = productOf(shape.slice(1));
  const rows = productOf(ids.shape);
  const table = [dimAt(shape, 0), width];
  const sum = g.emitOne({
    operator: 'ScatterElements',
    inputs: [zeros(g, table), stretch(g, reshape(g, ids, [rows, 1]), [rows, width]), reshape(g, dy, [rows, width])],
    attributes: { axis: { int: 0 }, reduction: { string: 'add' } },
    type: 'float32',
    shape: table,
  });
  return reshape(g, sum, shape);
}
