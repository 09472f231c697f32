import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { exp } from './exp.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import { requireFloat } from './require-float.ts';

/** Error function; dx = dy 2/√π exp(−x²) */
export function erf(g: GraphBuilder, x: Value): Value {
  return errorFunction(g, x, false);
}

/** The same, computed again where it is known already. */
export function erfAnew(g: GraphBuilder, x: Value): Value {
  return errorFunction(g, x, true);
}

function errorFunction(g: GraphBuilder, x: Value, anew: boolean): Value {
  requireFloat('Erf', x);
  const y: Value = g.emitOne({
    operator: 'Erf',
    inputs: [x],
    anew,
    type: 'float32',
    shape: x.shape,
    gradient: ([dy]) => [
      () => dy && mul(g, mul(g, dy, g.scalar(2 / Math.sqrt(Math.PI))), exp(g, neg(g, mul(g, x, x)))),
    ],
  });
  return y;
}
