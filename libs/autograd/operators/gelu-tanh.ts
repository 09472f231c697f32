import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { add } from './add.ts';
import { mul } from './mul.ts';
import { requireFloat } from './require-float.ts';
import { sub } from './sub.ts';
import { tanh } from './tanh.ts';

const ROOT = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/** ½x(1 + tanh(√(2/π)(x + 0.044715 x³))): GPT-2's `gelu_new`. */
export function geluTanh(g: GraphBuilder, x: Value): Value {
  requireFloat('FastGelu', x);
  return g.emitOne({
    operator: 'FastGelu',
    domain: 'com.microsoft',
    inputs: [x],
    type: 'float32',
    shape: x.shape,
    gradient: ([dy]) => [() => dy && mul(g, dy, derivative(g, x))],
  });
}

/** With t = tanh(√(2/π) x (1 + c x²)): ½(1 + t) + ½ x (1 − t²) √(2/π)(1 + 3c x²). */
function derivative(g: GraphBuilder, x: Value): Value {
  const square = mul(g, x, x);
  const inner = mul(g, x, add(g, mul(g, square, g.scalar(CUBIC * ROOT)), g.scalar(ROOT)));
  const t = tanh(g, inner);
  const slope = add(g, mul(g, square, g.scalar(1.5 * CUBIC * ROOT)), g.scalar(0.5 * ROOT));
  const bend = mul(g, mul(g, x, slope), sub(g, g.scalar(1), mul(g, t, t)));
  return add(g, add(g, mul(g, t, g.scalar(0.5)), g.scalar(0.5)), bend);
}
