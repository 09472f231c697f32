import { broadcastShapes } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { GraphError } from '../graph-error.ts';
import type { Value } from '../value.ts';

/** Elementwise comparison of two values of one type, a bool; no gradient passes it. */
export function compare(g: GraphBuilder, operator: 'Equal' | 'Greater' | 'Less', a: Value, b: Value): Value {
  if (a.type !== b.type) throw new GraphError('type', `${operator}: ${a.type} against ${b.type}.`);
  const shape = broadcastShapes(operator, a.shape, b.shape);
  return g.emitOne({ operator, inputs: [a, b], type: 'bool', shape });
}
