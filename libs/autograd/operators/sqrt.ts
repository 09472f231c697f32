import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { div } from './div.ts';
import { mul } from './mul.ts';
import { requireFloat } from './require-float.ts';

/** √x; dx = dy / 2√x */
export function sqrt(g: GraphBuilder, x: Value): Value {
  requireFloat('Sqrt', x);
  const y: Value = g.emitOne({
    operator: 'Sqrt',
    inputs: [x],
    type: 'float32',
    shape: x.shape,
    gradient: ([dy]) => [() => dy && div(g, mul(g, dy, g.scalar(0.5)), y)],
  });
  return y;
}
