import { dimAt } from '../dims.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { Dim, Value } from '../value.ts';
import { requireFloat } from './require-float.ts';

/** Keys and values of positions that were seen before: [batch, heads, length, width] each. */
export interface AttentionCache {
  readonly key: Value;
  readonly value: Value;
}

export interface CachedAttention {
  /** [batch, queries, hidden]. */
  readonly query: Value;
  /** [batch, keys, hidden]. */
  readonly key: Value;
  readonly value: Value;
  /** Added to the scaled scores: [batch, 1, queries, past + keys]. */
  readonly bias: Value;
  readonly heads: number;
  readonly past?: AttentionCache;
  /** How long the cache is afterwards. */
  readonly total: Dim;
}

/** ONNX Runtime's fused attention, for inference: the mixed values [batch, queries, hidden], and the cache with the new keys and values. */
export function multiHeadAttention(
  g: GraphBuilder,
  { query, key, value, bias, heads, past, total }: CachedAttention,
): { readonly mixed: Value; readonly cache: AttentionCache } {
  requireFloat('MultiHeadAttention', query, key, value, bias);
  const [batch, hidden] = [dimAt(query.shape, 0), dimAt(query.shape, -1)];
  const cached = { type: 'float32', shape: [batch, heads, total, Number(hidden) / heads] } as const;
  const [mixed, newKey, newValue] = g.emit({
    operator: 'MultiHeadAttention',
    domain: 'com.microsoft',
    inputs: [query, key, value, undefined, undefined, bias, ...(past === undefined ? [] : [past.key, past.value])],
    attributes: { num_heads: { int: heads } },
    outputs: [{ type: 'float32', shape: query.shape }, cached, cached],
  }) as [Value, Value, Value];
  return { mixed, cache: { key: newKey, value: newValue } };
}
