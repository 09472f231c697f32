import { sameShape } from './dims.ts';
import { describeShape, GraphError } from './graph-error.ts';
import type { GraphBuilder } from './graph-builder.ts';
import { add } from './operators/add.ts';
import type { Slope, Value } from './value.ts';

/**
 * Gradients of the scalar `loss` with respect to `wrt`, in that order and in their shapes, appended to the same graph.
 * Only nodes on a path from a wanted tensor to the loss are walked back, so nothing is emitted below the lowest of them.
 */
export function gradients(g: GraphBuilder, loss: Value, wrt: readonly Value[]): Value[] {
  if (loss.shape.length !== 0) {
    throw new GraphError(
      'gradient',
      `A gradient needs a scalar loss; ${loss.name} has shape ${describeShape(loss.shape)}.`,
    );
  }
  const forward = g.nodes.slice();
  const reaching = new Set(wrt.map((value) => value.name));
  for (const node of forward) {
    if (node.differentiates.some((input) => input !== undefined && reaching.has(input.name))) {
      for (const output of node.outputs) if (output.type === 'float32') reaching.add(output.name);
    }
  }
  const sums = new Map<string, Value>([[loss.name, g.scalar(1)]]);
  for (const node of forward.reverse()) {
    const upstream = node.outputs.map((output) => sums.get(output.name));
    if (upstream.every((value) => value === undefined)) continue;
    const wanted = node.differentiates.map((input) => input !== undefined && reaching.has(input.name));
    if (!wanted.includes(true)) continue;
    if (node.gradient === undefined) throw new GraphError('gradient', `${node.operator} has no gradient rule.`);
    const rules = node.gradient(upstream);
    node.differentiates.forEach((input, i) => {
      if (input === undefined || wanted[i] !== true) return;
      const total = summed(g, rules[i], sums.get(input.name));
      if (total === undefined) return;
      if (!sameShape(total.shape, input.shape)) {
        const found = `${describeShape(total.shape)} for an input of shape ${describeShape(input.shape)}`;
        throw new GraphError('gradient', `The gradient rule of ${node.operator} gives ${found}.`);
      }
      sums.set(input.name, total);
    });
  }
  return wrt.map((value) => {
    const gradient = sums.get(value.name);
    if (gradient === undefined) throw new GraphError('gradient', `${loss.name} does not depend on ${value.name}.`);
    return gradient;
  });
}

/** What is known of a gradient, and one more contribution. */
function summed(g: GraphBuilder, slope: Slope | undefined, known: Value | undefined): Value | undefined {
  if (slope === undefined) return known;
  if ('onto' in slope) return slope.onto(known);
  const gradient = slope();
  return gradient === undefined || known === undefined ? (gradient ?? known) : add(g, known, gradient);
}
