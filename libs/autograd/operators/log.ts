import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { div } from './div.ts';
import { requireFloat } from './require-float.ts';

/** Natural logarithm */
export function log(g: GraphBuilder, x: Value): Value {
  requireFloat('Log', x);
  const y: Value = g.emitOne({
    operator: 'Log',
    inputs: [x],
    type: 'float32',
    shape: x.shape,
    gradient: ([dy]) => [() => dy && div(g, dy, x)],
  });
  return y;
}
