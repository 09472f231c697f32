import { broadcastShapes } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { GraphError } from '../graph-error.ts';
import type { Value } from '../value.ts';
import { sumToShape } from './sum-to-shape.ts';

/** `condition ? a : b`, with broadcasting. */
export function where(g: GraphBuilder, condition: Value, a: Value, b: Value): Value {
  if (condition.type !== 'bool') throw new GraphError('type', `Where: the condition is ${condition.type}, not bool.`);
  if (a.type !== b.type) throw new GraphError('type', `Where: ${a.type} against ${b.type}.`);
  return g.emitOne({
    operator: 'Where',
    inputs: [condition, a, b],
    type: a.type,
    shape: broadcastShapes('Where', condition.shape, broadcastShapes('Where', a.shape, b.shape)),
    gradient: ([dy]) => [
      undefined,
      () => dy && sumToShape(g, where(g, condition, dy, g.scalar(0)), a.shape),
      () => dy && sumToShape(g, where(g, condition, g.scalar(0), dy), b.shape),
    ],
  });
}
