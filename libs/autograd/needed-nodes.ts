import type { GraphNode, Subgraph, Value } from './value.ts';

/** Nodes that the outputs need and that are not known yet, in their order. */
export function nodesFor(
  nodes: readonly GraphNode[],
  outputs: readonly Value[],
  known: ReadonlySet<GraphNode>,
): GraphNode[] {
  const needed = new Set(outputs.map(({ name }) => name));
  const kept: GraphNode[] = [];
  for (const node of nodes.slice().reverse()) {
    if (known.has(node) || !node.outputs.some(({ name }) => needed.has(name))) continue;
    for (const { name } of readBy(node)) needed.add(name);
    kept.push(node);
  }
  return kept.reverse();
}

/** What a node reads: its inputs, and whatever its bodies need. */
export function readBy(node: GraphNode): Value[] {
  const direct = node.inputs.filter((input) => input !== undefined);
  const within = bodiesOf(node).flatMap(({ nodes, outputs }) => [
    ...outputs,
    ...nodesFor(nodes, outputs, new Set()).flatMap(readBy),
  ]);
  return [...direct, ...within];
}

function bodiesOf(node: GraphNode): Subgraph[] {
  return Object.values(node.attributes).flatMap((attribute) => ('graph' in attribute ? [attribute.graph] : []));
}
