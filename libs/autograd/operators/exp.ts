import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { mul } from './mul.ts';
import { requireFloat } from './require-float.ts';

/** eˣ */
export function exp(g: GraphBuilder, x: Value): Value {
  requireFloat('Exp', x);
  const y: Value = g.emitOne({
    operator: 'Exp',
    inputs: [x],
    type: 'float32',
    shape: x.shape,
    gradient: ([dy]) => [() => dy && mul(g, dy, y)],
  });
  return y;
}
