import { broadcastShapes } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { GraphError } from '../graph-error.ts';
import type { Value } from '../value.ts';

/** Whether both hold, of bools, broadcast. */
export function and(g: GraphBuilder, a: Value, b: Value): Value {
  requireBool('And', a, b);
  return g.emitOne({ operator: 'And', inputs: [a, b], type: 'bool', shape: broadcastShapes('And', a.shape, b.shape) });
}

/** Whether it does not hold. */
export function not(g: GraphBuilder, a: Value): Value {
  requireBool('Not', a);
  return g.emitOne({ operator: 'Not', inputs: [a], type: 'bool', shape: a.shape });
}

function requireBool(operator: string, ...values: readonly Value[]): void {
  const other = values.find(({ type }) => type !== 'bool');
  if (other !== undefined) throw new GraphError('type', `${operator}: ${other.name} is ${other.type}, not bool.`);
}
