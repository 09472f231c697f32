import type { GraphBuilder } from '../graph-builder.ts';
import { GraphError } from '../graph-error.ts';
import type { Value } from '../value.ts';
import { compare } from './compare.ts';
import { requireFloat } from './require-float.ts';
import { where } from './where.ts';

/** x held within [low, high]; the gradient passes where x is strictly within, as in PyTorch 2.15. */
export function clamp(g: GraphBuilder, x: Value, low: number, high: number): Value {
  requireFloat('Clip', x);
  if (!(low <= high)) throw new GraphError('range', `Clip: nothing lies within ${String(low)} … ${String(high)}.`);
  const [least, most] = [g.scalar(low), g.scalar(high)];
  return g.emitOne({
    operator: 'Clip',
    inputs: [x, least, most],
    type: 'float32',
    shape: x.shape,
    gradient: ([dy]) => [
      () => {
        if (dy === undefined) return undefined;
        const notBelow = where(g, compare(g, 'Greater', x, least), dy, g.scalar(0));
        return where(g, compare(g, 'Less', x, most), notBelow, g.scalar(0));
      },
    ],
  });
}
