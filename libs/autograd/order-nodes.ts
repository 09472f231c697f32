import { readBy } from './needed-nodes.ts';
import type { GraphNode } from './value.ts';

/**
 * The nodes in an order that makes ONNX Runtime run them as they are recorded. It runs a graph depth first from its leaves,
 * the last-written leaf first (GraphViewer, 1.30), so that a gradient's last product, written where it is recorded, would
 * wait until the whole backward pass is over, with its operands kept and out of the processor's caches by then: leaves
 * come last, in reverse.
 */
export function leavesLast(nodes: readonly GraphNode[]): GraphNode[] {
  const read = new Set(nodes.flatMap((node) => readBy(node).map(({ name }) => name)));
  const isLeaf = ({ outputs }: GraphNode): boolean => !outputs.some(({ name }) => read.has(name));
  return [...nodes.filter((node) => !isLeaf(node)), ...nodes.filter(isLeaf).reverse()];
}
