import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { compare } from './compare.ts';
import { where } from './where.ts';
import { requireFloat } from './require-float.ts';

/** max(x, 0); the gradient at 0 is 0, as in PyTorch */
export function relu(g: GraphBuilder, x: Value): Value {
  requireFloat('Relu', x);
  const y: Value = g.emitOne({
    operator: 'Relu',
    inputs: [x],
    type: 'float32',
    shape: x.shape,
    gradient: ([dy]) => [() => dy && where(g, compare(g, 'Greater', y, g.scalar(0)), dy, g.scalar(0))],
  });
  return y;
}
