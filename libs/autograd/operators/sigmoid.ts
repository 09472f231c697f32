import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { mul } from './mul.ts';
import { sub } from './sub.ts';
import { requireFloat } from './require-float.ts';

/** 1 / (1 + e⁻ˣ); dx = dy y (1 − y) */
export function sigmoid(g: GraphBuilder, x: Value): Value {
  requireFloat('Sigmoid', x);
  const y: Value = g.emitOne({
    operator: 'Sigmoid',
    inputs: [x],
    type: 'float32',
    shape: x.shape,
    gradient: ([dy]) => [() => dy && mul(g, dy, sub(g, y, mul(g, y, y)))],
  });
  return y;
}
