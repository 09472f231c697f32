import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { add } from './add.ts';
import { erf } from './erf.ts';
import { exp } from './exp.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import { requireFloat } from './require-float.ts';

/** x Φ(x) by the error function (BERT, RoBERTa); dx = dy (Φ(x) + x φ(x)). */
export function gelu(g: GraphBuilder, x: Value): Value {
  requireFloat('Gelu', x);
  return g.emitOne({
    operator: 'Gelu',
    domain: 'com.microsoft',
    inputs: [x],
    type: 'float32',
    shape: x.shape,
    gradient: ([dy]) => [() => dy && mul(g, dy, derivative(g, x))],
  });
}

/** With u = x/√2: Φ(x) + x φ(x) = ½(1 + erf u) + u exp(−u²)/√π. */
function derivative(g: GraphBuilder, x: Value): Value {
  const u = mul(g, x, g.scalar(Math.SQRT1_2));
  const cumulative = add(g, mul(g, erf(g, u), g.scalar(0.5)), g.scalar(0.5));
  const density = mul(g, mul(g, u, exp(g, neg(g, mul(g, u, u)))), g.scalar(1 / Math.sqrt(Math.PI)));
  return add(g, cumulative, density);
}
