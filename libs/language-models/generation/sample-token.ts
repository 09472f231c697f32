import {
  cast,
  compare,
  cumulativeSum,
  dimAt,
  mul,
  reduceSum,
  reshape,
  rowMax,
  slice,
  softmax,
  sub,
  topK,
  where,
  type GraphBuilder,
  type Value,
} from '#autograd';

/** What a token is drawn with, fed at each run. */
export interface SamplingInputs {
  /** float32 []; so large that softmax leaves only the best token, it makes the draw greedy. */
  readonly inverseTemperature: Value;
  /** Where tokens are ranked first: at most so many of the likeliest (int64 [1]), and of these the fewest whose probabilities reach `topP` (float32 []). */
  readonly ranking?: { readonly count: Value; readonly topP: Value };
}

/**
 * One token a row, int64 [rows], from logits [rows, vocabulary] and one uniform number a row in (0, 1), float32 [rows]: the
 * first whose cumulative probability reaches it. Over all tokens in the order of ids, or over the ranked ones, renormalised.
 * One number a token is enough for both, where Gumbel noise would take one for each token that could be drawn.
 */
export function sampleToken(g: GraphBuilder, logits: Value, uniform: Value, sampling: SamplingInputs): Value {
  const { inverseTemperature, ranking } = sampling;
  const scaled = mul(g, logits, inverseTemperature);
  const rows = dimAt(logits.shape, 0);
  const height = reshape(g, uniform, [rows, 1]);
  if (ranking === undefined) {
    const cumulative = cumulativeSum(g, softmax(g, scaled), 1);
    const vocabulary = Number(dimAt(logits.shape, 1));
    const total = slice(g, cumulative, { axis: 1, start: vocabulary - 1, end: vocabulary });
    return countBelow(g, cumulative, mul(g, height, total));
  }
  const best = topK(g, scaled, ranking.count, 'ranked');
  const probabilities = softmax(g, best.values);
  const cumulative = cumulativeSum(g, probabilities, 1);
  // A token stays while those before it have not reached topP, so the likeliest always does.
  const kept = compare(g, 'Less', sub(g, cumulative, probabilities), ranking.topP);
  const total = rowMax(g, where(g, kept, cumulative, g.scalar(0)));
  const rank = reshape(g, countBelow(g, cumulative, mul(g, height, total)), [rows, 1]);
  const token = g.emitOne({
    operator: 'GatherElements',
    inputs: [best.indices, rank],
    attributes: { axis: { int: 1 } },
    type: 'int64',
    shape: [rows, 1],
  });
  return reshape(g, token, [rows]);
}

/**
 * How many cumulative probabilities lie below a height above 0: the index of the first that does not. Strictly below, so
 * tokens of probability 0 are never drawn, neither before the first likely one nor, where rounding lifts the height to the
 * total, after the last.
 */
function countBelow(g: GraphBuilder, cumulative: Value, height: Value): Value {
  return cast(g, reduceSum(g, cast(g, compare(g, 'Less', cumulative, height), 'float32'), [1]), 'int64');
}
