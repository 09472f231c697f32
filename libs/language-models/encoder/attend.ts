import { add, matMul, reshape, softmax, transpose, type Dim, type GraphBuilder, type Value } from '#autograd';

/** Shapes of one attention: rows of `query` are [batch, queries], rows of `key` and `value` are [batch, keys]. */
export interface AttentionShape {
  readonly batch: Dim;
  readonly queries: Dim;
  readonly keys: Dim;
  readonly heads: number;
  readonly hidden: number;
}

/**
 * Multi-head attention: query, key and value [rows, hidden], `bias` broadcast to [batch, heads, queries, keys] and added
 * to the scaled scores; the heads' results side by side, [rows, hidden].
 */
export function attend(
  g: GraphBuilder,
  { query, key, value, bias }: { query: Value; key: Value; value: Value; bias: Value },
  { batch, queries, keys, heads, hidden }: AttentionShape,
): Value {
  const width = hidden / heads;
  const split = (x: Value, length: Dim): Value =>
    transpose(g, reshape(g, x, [batch, length, heads, width]), [0, 2, 1, 3]);
  const alpha = 1 / Math.sqrt(width);
  const scores = matMul(g, split(query, queries), split(key, keys), { transB: true, alpha });
  const context = matMul(g, softmax(g, add(g, scores, bias)), split(value, keys));
  return reshape(g, transpose(g, context, [0, 2, 1, 3]), query.shape);
}
