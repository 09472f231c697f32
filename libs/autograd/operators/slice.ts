import { dimAt, positiveAxis } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import type { Dim, Value } from '../value.ts';

export interface Range {
  readonly axis: number;
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** Elements `start` to `end` of one axis; on a symbolic axis the caller vouches that they exist. */
export function slice(g: GraphBuilder, x: Value, { axis, start, end }: Range): Value {
  const along = positiveAxis('Slice', x.shape, axis);
  const size = dimAt(x.shape, along);
  if (start < 0 || end <= start || (typeof size === 'number' && end > size)) {
    throw new GraphError(
      'shape',
      `Slice: ${describeShape(x.shape)} has no ${String(start)}..${String(end)} on axis ${String(along)}.`,
    );
  }
  const shape = x.shape.map((dim, i): Dim => (i === along ? end - start : dim));
  return g.emitOne({
    operator: 'Slice',
    inputs: [x, g.integers([start]), g.integers([end]), g.integers([along])],
    type: x.type,
    shape,
    gradient: ([dy]) => [() => dy && padded(g, dy, x, along, start, end)],
  });
}

/** dy amid zeros, in the shape of x. */
function padded(g: GraphBuilder, dy: Value, x: Value, axis: number, start: number, end: number): Value {
  const size = dimAt(x.shape, axis);
  const after =
    typeof size === 'number'
      ? g.integers([size - end])
      : g.emitOne({ operator: 'Sub', inputs: [g.dimension(size), g.integers([end])], type: 'int64', shape: [1] });
  const pads = g.emitOne({
    operator: 'Concat',
    inputs: [g.integers([start]), after],
    attributes: { axis: { int: 0 } },
    type: 'int64',
    shape: [2],
  });
  return g.emitOne({
    operator: 'Pad',
    inputs: [dy, pads, undefined, g.integers([axis])],
    type: 'float32',
    shape: x.shape,
  });
}
