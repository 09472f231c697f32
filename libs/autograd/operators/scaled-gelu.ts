import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { add } from './add.ts';
import { div } from './div.ts';
import { erf, erfAnew } from './erf.ts';
import { exp } from './exp.ts';
import { mul } from './mul.ts';
import { requireFloat } from './require-float.ts';

/**
 * u (1 + erf u), which is √2 gelu(√2 u). Between two linear layers the factors √2 cost nothing (`alpha`), and the gradient
 * needs 8 passes over the widest tensor of a block instead of 11: dy (1 + erf u + 2/√π u / exp(u²)). The erf is not kept for it: that
 * would be a quarter of all that a step keeps, and computing it again is one part in a hundred of the step.
 * exp(u²) overflows to infinity only where the quotient is 0 in float32.
 */
export function scaledGelu(g: GraphBuilder, u: Value): Value {
  requireFloat('ScaledGelu', u);
  const gate = (error: Value): Value => add(g, error, g.scalar(1));
  return g.emitOne({
    operator: 'Mul',
    inputs: [u, gate(erf(g, u))],
    type: 'float32',
    shape: u.shape,
    gradient: ([dy]) => [
      () => {
        if (dy === undefined) return undefined;
        const density = mul(g, div(g, u, exp(g, mul(g, u, u))), g.scalar(2 / Math.sqrt(Math.PI)));
        return mul(g, dy, add(g, gate(erfAnew(g, u)), density));
      },
      undefined,
    ],
  });
}
