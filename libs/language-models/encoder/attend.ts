import { add, matMul, reshape, softmax, type Dim, type GraphBuilder, type Value } from '#autograd';

/** Shapes of one attention: rows of `query` are [queries, batch], rows of `key` and `value` are [keys, batch]. */
export interface AttentionShape {
  readonly batch: Dim;
  readonly queries: Dim;
  readonly keys: Dim;
  readonly heads: number;
  readonly hidden: number;
}

/**
 * Multi-head attention: query, key and value [rows, hidden], `bias` broadcast to [batch, heads, queries, keys] and added
 * to the scaled scores; the heads' results side by side, [rows, hidden]. With positions before the batch, the products
 * read query, key and value where they are; only results are copied into this order.
 */
export function attend(
  g: GraphBuilder,
  { query, key, value, bias }: { query: Value; key: Value; value: Value; bias: Value },
  { batch, queries, keys, heads, hidden }: AttentionShape,
): Value {
  const width = hidden / heads;
  const split = (x: Value, length: Dim): Value => reshape(g, x, [length, batch, heads, width]);
  const ofHeads = { transB: true, transBatchA: true, transBatchB: true, alpha: 1 / Math.sqrt(width) };
  const scores = matMul(g, split(query, queries), split(key, keys), ofHeads);
  const weights = softmax(g, add(g, scores, bias));
  const context = matMul(g, weights, split(value, keys), { transBatchB: true, rowsFirst: true });
  return reshape(g, context, query.shape);
}
