import { add, matMul, mul, reshape, softmax, transpose, type Dim, type GraphBuilder, type Value } from '#autograd';

import type { LowRank } from './lora.ts';

export interface OneQuery {
  /** One query a sequence: [batch, hidden]. */
  readonly query: Value;
  /** What keys and values are projected from: [keys, batch, hidden]. */
  readonly states: Value;
  /** Added to the scaled scores: [batch, 1, keys]. */
  readonly bias: Value;
  /** [hidden, hidden]; the key's bias adds the same to all scores of a query, which softmax ignores. */
  readonly keyWeight: Value;
  readonly valueWeight: Value;
  readonly valueBias: Value;
  readonly valueLowRank: LowRank | undefined;
  readonly heads: number;
}

/**
 * Multi-head attention from a single query a sequence, [batch, hidden], without projecting every position to a key and a
 * value: by q·(x·W)ᵀ = (q·Wᵀ)·xᵀ and p·(x·W) = (p·x)·W a head needs two products of one row instead of `keys`.
 */
export function attendFromOne(g: GraphBuilder, attention: OneQuery): Value {
  const { query, states, bias, keyWeight, valueWeight, valueBias, valueLowRank, heads } = attention;
  const [batch, hidden] = query.shape as [Dim, number];
  const width = hidden / heads;
  const perHead = (weight: Value): Value => reshape(g, weight, [hidden, heads, width]);
  const queries = reshape(g, query, [batch, heads, width]);
  const [inBatch, ofStates] = [{ transBatchA: true, transBatchB: true }, { transBatchB: true }];
  const seeking = matMul(g, queries, perHead(keyWeight), { ...inBatch, transB: true });
  const scores = matMul(g, seeking, states, { ...inBatch, transB: true, alpha: 1 / Math.sqrt(width) });
  const found = matMul(g, softmax(g, add(g, scores, bias)), states, ofStates);
  let mixed = matMul(g, found, perHead(valueWeight), inBatch);
  if (valueLowRank !== undefined) {
    const { a, b, scale } = valueLowRank;
    const [rank] = a.shape as [Dim, Dim];
    const inner = mul(g, matMul(g, found, a, { transB: true }), scale);
    const up = reshape(g, b, [heads, width, rank]);
    mixed = add(g, mixed, matMul(g, inner, up, { transBatchA: true, transB: true }));
  }
  return add(g, reshape(g, transpose(g, mixed, [1, 0, 2]), [batch, hidden]), valueBias);
}
