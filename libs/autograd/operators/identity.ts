import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';

/** The same value under another name. */
export function identity(g: GraphBuilder, x: Value): Value {
  return g.emitOne({
    operator: 'Identity',
    inputs: [x],
    type: x.type,
    shape: x.shape,
    gradient: ([dy]) => [() => dy],
  });
}
