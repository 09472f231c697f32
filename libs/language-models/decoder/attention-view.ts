import {
  add,
  cast,
  compare,
  cumulativeSum,
  expand,
  integerSum,
  mul,
  sub,
  unsqueeze,
  where,
  type Dim,
  type GraphBuilder,
  type Value,
} from '#autograd';

/** Softmax turns what this is added to into 0; twice of it is still finite. */
export const HIDDEN = -1e9;

/** What the queries of a block may attend to. Positions count a row's real tokens from 0; padding on the left has position 0 as well. */
export interface AttentionView {
  /** Added to the scaled scores: [batch, 1, queries, keys], 0 for a visible key and `HIDDEN` for one that comes later or is padding. */
  readonly bias: Value;
  /** int64 [batch, 1, queries, 1]. */
  readonly queryPositions: Value;
  /** int64 [batch, 1, 1, keys]. */
  readonly keyPositions: Value;
}

/** Where attention departs from the causal one: the bias that a block uses instead of `view.bias`. */
export type BlockBias = (g: GraphBuilder, block: number, view: AttentionView) => Value;

/** Positions of tokens, int64 [batch, sequence] as the mask: 0 at each row's first token, wherever padding shifts it (numerics B3, 8). */
export function positionIds(g: GraphBuilder, mask: Value): Value {
  return integerSum(g, cumulativeSum(g, mask, 1), mask, -1);
}

/** The view of whole sequences: each token sees itself and the tokens before it. Mask int64 [batch, sequence]. */
export function causalView(g: GraphBuilder, mask: Value): AttentionView {
  const [, sequence] = mask.shape as [Dim, Dim];
  const index = cumulativeSum(g, expand(g, g.integers([1]), [sequence]), 0);
  const later = compare(g, 'Less', unsqueeze(g, index, [1]), unsqueeze(g, index, [0]));
  const causal = where(g, later, g.scalar(HIDDEN), g.scalar(0));
  const positions = positionIds(g, mask);
  return {
    bias: add(g, paddingBias(g, mask), unsqueeze(g, causal, [0, 1])),
    queryPositions: unsqueeze(g, positions, [1, 3]),
    keyPositions: unsqueeze(g, positions, [1, 2]),
  };
}

/** `HIDDEN` at padding, 0 at tokens: [batch, 1, 1, sequence]. */
export function paddingBias(g: GraphBuilder, mask: Value): Value {
  const padding = sub(g, g.scalar(1), cast(g, mask, 'float32'));
  return unsqueeze(g, mul(g, padding, g.scalar(HIDDEN)), [1, 2]);
}
