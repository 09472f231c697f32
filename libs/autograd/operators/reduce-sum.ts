import { positiveAxis } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Dim, Value } from '../value.ts';
import { reshape } from './reshape.ts';
import { stretch } from './stretch.ts';

/** Shape left by a reduction over `axes`. */
export function reducedShape(operator: string, x: Value, axes: readonly number[], keepDims: boolean): Dim[] {
  const gone = new Set(axes.map((axis) => positiveAxis(operator, x.shape, axis)));
  return x.shape.flatMap((dim, axis): Dim[] => (!gone.has(axis) ? [dim] : keepDims ? [1] : []));
}

/** Sum over `axes`. */
export function reduceSum(g: GraphBuilder, x: Value, axes: readonly number[], { keepDims = false } = {}): Value {
  const kept = reducedShape('ReduceSum', x, axes, true);
  return g.emitOne({
    operator: 'ReduceSum',
    inputs: [x, g.integers(axes)],
    attributes: { keepdims: { int: keepDims ? 1 : 0 } },
    type: x.type,
    shape: reducedShape('ReduceSum', x, axes, keepDims),
    gradient: ([dy]) => [() => dy && stretch(g, reshape(g, dy, kept), x.shape)],
  });
}
