import { broadcastShapes } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { compare } from './compare.ts';
import { requireFloat } from './require-float.ts';
import { sumToShape } from './sum-to-shape.ts';
import { where } from './where.ts';

/** The larger of two elements, with broadcasting; the gradient goes to it, and to `a` where they are equal (PyTorch: half to each). */
export function maximum(g: GraphBuilder, a: Value, b: Value): Value {
  requireFloat('Max', a);
  requireFloat('Max', b);
  const less = () => compare(g, 'Less', a, b);
  return g.emitOne({
    operator: 'Max',
    inputs: [a, b],
    type: 'float32',
    shape: broadcastShapes('Max', a.shape, b.shape),
    gradient: ([dy]) => [
      () => dy && sumToShape(g, where(g, less(), g.scalar(0), dy), a.shape),
      () => dy && sumToShape(g, where(g, less(), dy, g.scalar(0)), b.shape),
    ],
  });
}
