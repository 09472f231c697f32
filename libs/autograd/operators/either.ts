import { sameShape } from '../dims.ts';
import type { GraphBuilder, NodeSpec } from '../graph-builder.ts';
import { GraphError } from '../graph-error.ts';
import type { Value } from '../value.ts';

/**
 * ONNX's If: what `whenTrue` builds where `condition` (one bool) holds, what `whenFalse` builds elsewhere; only the one is
 * computed. Both give a value of one type and shape. `composition`: the gradient rule of whichever it is.
 */
export function either(
  g: GraphBuilder,
  condition: Value,
  whenTrue: () => Value,
  whenFalse: () => Value,
  composition?: Pick<NodeSpec, 'differentiates' | 'gradient'>,
): Value {
  const [thenBranch, elseBranch] = [whenTrue, whenFalse].map((build) => g.body([], () => [build()]));
  const [value, other] = [thenBranch?.outputs[0], elseBranch?.outputs[0]];
  if (thenBranch === undefined || elseBranch === undefined || value === undefined || other === undefined)
    throw new GraphError('node', 'If: a branch gives nothing.');
  if (value.type !== other.type || !sameShape(value.shape, other.shape))
    throw new GraphError('shape', 'If: both branches must give one type and shape.');
  return g.emitOne({
    operator: 'If',
    inputs: [condition],
    attributes: { then_branch: { graph: thenBranch }, else_branch: { graph: elseBranch } },
    type: value.type,
    shape: value.shape,
    ...composition,
  });
}
