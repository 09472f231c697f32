import { dimAt, positiveAxis, sameDim } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import type { Dim, Value } from '../value.ts';
import { slice } from './slice.ts';

/** Joins values along an axis on which their sizes are numbers. */
export function concat(g: GraphBuilder, values: readonly Value[], axis: number): Value {
  const [first] = values;
  if (first === undefined) throw new GraphError('shape', 'Concat: nothing to join.');
  const along = positiveAxis('Concat', first.shape, axis);
  const ends: number[] = [];
  for (const value of values) {
    const size = value.shape[along];
    const agrees = value.shape.length === first.shape.length && value.type === first.type;
    const fits = agrees && value.shape.every((dim, i) => i === along || sameDim(dim, dimAt(first.shape, i)));
    if (!fits || typeof size !== 'number') {
      const shapes = values.map(({ shape }) => describeShape(shape)).join(', ');
      throw new GraphError('shape', `Concat: cannot join ${shapes} along axis ${along}.`);
    }
    ends.push((ends.at(-1) ?? 0) + size);
  }
  return g.emitOne({
    operator: 'Concat',
    inputs: values,
    attributes: { axis: { int: along } },
    type: first.type,
    shape: first.shape.map((dim, i): Dim => (i === along ? (ends.at(-1) ?? 0) : dim)),
    gradient: ([dy]) =>
      values.map((_, i) => () => dy && slice(g, dy, { axis: along, start: ends[i - 1] ?? 0, end: ends[i] ?? 0 })),
  });
}
