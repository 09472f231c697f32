import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';

/** Running sum of int64 along an axis; for position ids. */
export function cumulativeSum(g: GraphBuilder, x: Value, axis: number): Value {
  const along = g.constant(BigInt64Array.of(BigInt(axis)), 'int64', []);
  return g.emitOne({ operator: 'CumSum', inputs: [x, along], type: x.type, shape: x.shape });
}
