import { broadcastShapes } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { GraphError } from '../graph-error.ts';
import type { Value } from '../value.ts';

/** a + b of int64 values, broadcast, or a − b with `sign` −1: positions and lengths, which no gradient passes. */
export function integerSum(g: GraphBuilder, a: Value, b: Value, sign: 1 | -1 = 1): Value {
  if (a.type !== 'int64' || b.type !== 'int64')
    throw new GraphError('type', `Add: ${a.type} and ${b.type}, not int64.`);
  const operator = sign === 1 ? 'Add' : 'Sub';
  return g.emitOne({ operator, inputs: [a, b], type: 'int64', shape: broadcastShapes(operator, a.shape, b.shape) });
}
