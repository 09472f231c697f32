import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { mul } from './mul.ts';
import { sub } from './sub.ts';
import { requireFloat } from './require-float.ts';

/** tanh x; dx = dy (1 − y²) */
export function tanh(g: GraphBuilder, x: Value): Value {
  requireFloat('Tanh', x);
  const y: Value = g.emitOne({
    operator: 'Tanh',
    inputs: [x],
    type: 'float32',
    shape: x.shape,
    gradient: ([dy]) => [() => dy && mul(g, dy, sub(g, g.scalar(1), mul(g, y, y)))],
  });
  return y;
}
