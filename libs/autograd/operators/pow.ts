import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { mul } from './mul.ts';
import { requireFloat } from './require-float.ts';

/** x to a constant power; dx = dy · n xⁿ⁻¹. */
export function pow(g: GraphBuilder, x: Value, exponent: number): Value {
  requireFloat('Pow', x);
  return g.emitOne({
    operator: 'Pow',
    inputs: [x, g.scalar(exponent)],
    type: 'float32',
    shape: x.shape,
    gradient: ([dy]) => [() => dy && mul(g, mul(g, dy, g.scalar(exponent)), pow(g, x, exponent - 1))],
  });
}
