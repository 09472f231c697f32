import type { GraphBuilder } from '../graph-builder.ts';
import { GraphError } from '../graph-error.ts';
import type { Dim, Value } from '../value.ts';
import { reshape } from './reshape.ts';

/** The same elements with axes of length 1 put in, at these places of the result; unlike `reshape` it needs to know no length. */
export function unsqueeze(g: GraphBuilder, x: Value, axes: readonly number[]): Value {
  const rank = x.shape.length + axes.length;
  if (new Set(axes).size !== axes.length || axes.some((axis) => axis < 0 || axis >= rank))
    throw new GraphError('axis', `Unsqueeze: [${axes.join(', ')}] are no axes of a tensor of rank ${rank}.`);
  const left = [...x.shape];
  return g.emitOne({
    operator: 'Unsqueeze',
    inputs: [x, g.integers(axes)],
    type: x.type,
    shape: Array.from({ length: rank }, (_, axis): Dim => (axes.includes(axis) ? 1 : (left.shift() ?? 1))),
    gradient: ([dy]) => [() => dy && reshape(g, dy, x.shape)],
  });
}
