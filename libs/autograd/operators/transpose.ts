import { dimAt } from '../dims.ts';
import { describeShape, GraphError } from '../graph-error.ts';
import type { GraphBuilder, NodeSpec } from '../graph-builder.ts';
import type { Value } from '../value.ts';

/** Permutes the axes: axis i of the result is axis `permutation[i]` of `x`. `composition`: a gradient rule that steps over it. */
export function transpose(
  g: GraphBuilder,
  x: Value,
  permutation: readonly number[],
  composition?: Pick<NodeSpec, 'differentiates' | 'gradient'>,
): Value {
  const inverse = x.shape.map((_, axis) => permutation.indexOf(axis));
  if (permutation.length !== x.shape.length || inverse.includes(-1)) {
    throw new GraphError(
      'shape',
      `Transpose: [${permutation.join(', ')}] is no order of the axes of ${describeShape(x.shape)}.`,
    );
  }
  return g.emitOne({
    operator: 'Transpose',
    inputs: [x],
    attributes: { perm: { ints: permutation } },
    type: x.type,
    shape: permutation.map((axis) => dimAt(x.shape, axis)),
    ...(composition ?? { gradient: ([dy]) => [() => dy && transpose(g, dy, inverse)] }),
  });
}
