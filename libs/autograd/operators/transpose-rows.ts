import { dimAt, productOf } from '../dims.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import type { GraphBuilder, NodeSpec } from '../graph-builder.ts';
import type { Dim, Value } from '../value.ts';
import { gather } from './gather.ts';
import { reshape } from './reshape.ts';
import { transpose } from './transpose.ts';

/**
 * Permutes all axes but the last: axis i of the result is axis `permutation[i]` of `x`, rows stay whole. For short rows,
 * such as those of attention heads: ONNX Runtime (1.30) transposes in one thread, 170 µs for [8, 12, 64, 32], where
 * gathering the same rows takes 60 and is shared by its threads. `composition`: a gradient rule that steps over it.
 */
export function transposeRows(
  g: GraphBuilder,
  x: Value,
  permutation: readonly number[],
  composition?: Pick<NodeSpec, 'differentiates' | 'gradient'>,
): Value {
  const outer = x.shape.slice(0, -1);
  const inverse = outer.map((_, axis) => permutation.indexOf(axis));
  if (permutation.length !== outer.length || inverse.includes(-1)) {
    const found = `[${permutation.join(', ')}] is no order of the axes but the last of ${describeShape(x.shape)}`;
    throw new GraphError('shape', `Transpose: ${found}.`);
  }
  const [rows, width] = [productOf(outer), dimAt(x.shape, -1)];
  const moved = gather(g, reshape(g, x, [rows, width]), rowOrder(g, outer, permutation));
  const shape = [...permutation.map((axis) => dimAt(x.shape, axis)), width];
  return g.emitOne({
    operator: 'Reshape',
    inputs: [moved, g.shapeVector(shape, { inferOne: true })],
    type: x.type,
    shape,
    ...(composition ?? { differentiates: [x], gradient: ([dy]) => [() => dy && transposeRows(g, dy, inverse)] }),
  });
}

/** Which row of the original comes where: int64 [rows]. */
function rowOrder(g: GraphBuilder, outer: readonly Dim[], permutation: readonly number[]): Value {
  const rows = productOf(outer);
  const end = reshape(g, g.dimension(rows), []);
  const numbers = g.emitOne({
    operator: 'Range',
    inputs: [g.scalar(0, 'int64'), end, g.scalar(1, 'int64')],
    type: 'int64',
    shape: [rows],
  });
  return reshape(g, transpose(g, reshape(g, numbers, outer), permutation), [rows]);
}
