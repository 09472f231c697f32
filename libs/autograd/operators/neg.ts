import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { requireFloat } from './require-float.ts';

/** −x */
export function neg(g: GraphBuilder, x: Value): Value {
  requireFloat('Neg', x);
  const y = g.emitOne({
    operator: 'Neg',
    inputs: [x],
    type: 'float32',
    shape: x.shape,
    gradient: ([dy]) => [() => dy && neg(g, dy)],
  });
  return y;
}
