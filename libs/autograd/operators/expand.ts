import type { GraphBuilder } from '../graph-builder.ts';
import type { Dim, Value } from '../value.ts';
import { stretch } from './stretch.ts';
import { sumToShape } from './sum-to-shape.ts';

/** Broadcasts `x` to `shape`. */
export function expand(g: GraphBuilder, x: Value, shape: readonly Dim[]): Value {
  return stretch(g, x, shape, ([dy]) => [() => dy && sumToShape(g, dy, x.shape)]);
}
