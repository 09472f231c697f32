import { positiveAxis, productOf } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Value } from '../value.ts';
import { cast } from './cast.ts';
import { div } from './div.ts';
import { reducedShape } from './reduce-sum.ts';
import { reshape } from './reshape.ts';
import { stretch } from './stretch.ts';

/** Mean over `axes`. */
export function reduceMean(g: GraphBuilder, x: Value, axes: readonly number[], { keepDims = false } = {}): Value {
  const kept = reducedShape('ReduceMean', x, axes, true);
  const positions = axes.map((axis) => positiveAxis('ReduceMean', x.shape, axis));
  const count = productOf(x.shape.filter((_, axis) => positions.includes(axis)));
  return g.emitOne({
    operator: 'ReduceMean',
    inputs: [x, g.integers(axes)],
    attributes: { keepdims: { int: keepDims ? 1 : 0 } },
    type: x.type,
    shape: reducedShape('ReduceMean', x, axes, keepDims),
    gradient: ([dy]) => [
      () => {
        if (dy === undefined) return undefined;
        const divisor =
          typeof count === 'number' ? g.scalar(count) : reshape(g, cast(g, g.dimension(count), 'float32'), []);
        return stretch(g, div(g, reshape(g, dy, kept), divisor), x.shape);
      },
    ],
  });
}
