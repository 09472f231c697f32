import { sameDim, sameShape } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Dim, Value } from '../value.ts';
import { reduceSum } from './reduce-sum.ts';
import { reshape } from './reshape.ts';

/** Undoes broadcasting: sums `value` over the axes along which `shape` was stretched. */
export function sumToShape(g: GraphBuilder, value: Value, shape: readonly Dim[]): Value {
  if (sameShape(value.shape, shape)) return value;
  const extra = value.shape.length - shape.length;
  const axes = value.shape.flatMap((dim, axis) => {
    const target = shape[axis - extra];
    return axis < extra || (target === 1 && !sameDim(dim, 1)) ? [axis] : [];
  });
  const summed = axes.length === 0 ? value : reduceSum(g, value, axes, { keepDims: true });
  return sameShape(summed.shape, shape) ? summed : reshape(g, summed, shape);
}
