import type { GraphBuilder } from '../graph-builder.ts';
import { GraphError } from '../graph-error.ts';
import type { Dim, Value } from '../value.ts';

export interface LoopOptions {
  /** At most so many iterations: int64 []. */
  readonly trips: Value;
  /** Whether the first iteration runs at all: bool []. */
  readonly condition: Value;
  /** What each iteration hands to the next, with the shape that it has in all of them: dimensions that grow have names of their own. */
  readonly state: readonly { readonly value: Value; readonly shape: readonly Dim[] }[];
}

export interface Iteration {
  /** Whether another one follows: bool []. */
  readonly condition: Value;
  readonly state: readonly Value[];
  /** Stacked over the iterations that ran. */
  readonly scan: readonly Value[];
}

/**
 * ONNX's Loop: `iterate` builds one iteration from its number (int64 [], from 0) and the state. Returns the last state and
 * the stacked scans, [iterations, ..]. No gradient passes it.
 */
export function loop(
  g: GraphBuilder,
  { trips, condition, state }: LoopOptions,
  iterate: (number: Value, state: readonly Value[]) => Iteration,
): { readonly state: readonly Value[]; readonly scan: readonly Value[] } {
  let scans: readonly Value[] = [];
  const carried = state.map(({ value, shape }) => ({ type: value.type, shape }));
  const graph = g.body(
    [{ type: 'int64', shape: [] }, { type: 'bool', shape: [] }, ...carried],
    ([number, , ...now]) => {
      if (number === undefined) throw new GraphError('node', 'The body of a Loop has no iteration number.');
      const next = iterate(number, now);
      if (next.state.length !== state.length || next.state.some(({ type }, i) => type !== carried[i]?.type))
        throw new GraphError('shape', 'Loop: an iteration must give the state that it takes.');
      scans = next.scan;
      return [next.condition, ...next.state, ...next.scan];
    },
  );
  const outputs = g.emit({
    operator: 'Loop',
    inputs: [trips, condition, ...state.map(({ value }) => value)],
    attributes: { body: { graph } },
    outputs: [...carried, ...scans.map(({ type, shape }) => ({ type, shape: ['iterations', ...shape] }))],
  });
  return { state: outputs.slice(0, state.length), scan: outputs.slice(state.length) };
}
