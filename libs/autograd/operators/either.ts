import { sameShape } from '../dims.ts';
import type { GraphBuilder, NodeSpec } from '../graph-builder.ts';
import { GraphError } from '../graph-error.ts';
import type { Value } from '../value.ts';

/**
 * ONNX's If: what `whenTrue` builds where `condition` (one bool) holds, what `whenFalse` builds elsewhere; only the one is
 * computed. Both give values of the same types and shapes; a value of no elements may stand for one that nobody reads then.
 * `composition`: the gradient rule of whichever it is.
 *
 * Products with frozen matrices belong into an If of the graph itself: in one within another ONNX Runtime (1.30) does not
 * pack them, and their bits depend on the number of threads.
 */
export function eitherOf(
  g: GraphBuilder,
  condition: Value,
  whenTrue: () => readonly Value[],
  whenFalse: () => readonly Value[],
  composition?: Pick<NodeSpec, 'differentiates' | 'gradient'>,
): readonly Value[] {
  const [thenBranch, elseBranch] = [g.body([], whenTrue), g.body([], whenFalse)];
  const [values, others] = [thenBranch.outputs, elseBranch.outputs];
  const alike = values.length === others.length && values.every((value, i) => sameKind(value, others[i] ?? value));
  if (values.length === 0 || !alike)
    throw new GraphError(
      'shape',
      'If: both branches must give the same number of values, of the same types and shapes.',
    );
  return g.emit({
    operator: 'If',
    inputs: [condition],
    attributes: { then_branch: { graph: thenBranch }, else_branch: { graph: elseBranch } },
    outputs: values.map((value, i) => ({ type: value.type, shape: (isEmpty(value) ? others[i] : value)?.shape ?? [] })),
    ...composition,
  });
}

function isEmpty({ shape }: Value): boolean {
  return shape.includes(0);
}

function sameKind(value: Value, other: Value): boolean {
  return value.type === other.type && (isEmpty(value) || isEmpty(other) || sameShape(value.shape, other.shape));
}

/** `eitherOf` for a single value. */
export function either(
  g: GraphBuilder,
  condition: Value,
  whenTrue: () => Value,
  whenFalse: () => Value,
  composition?: Pick<NodeSpec, 'differentiates' | 'gradient'>,
): Value {
  const [value] = eitherOf(
    g,
    condition,
    () => [whenTrue()],
    () => [whenFalse()],
    composition,
  );
  if (value === undefined) throw new GraphError('node', 'If gives nothing.');
  return value;
}
