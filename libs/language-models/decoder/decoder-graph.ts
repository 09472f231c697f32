import {
  add,
  gather,
  gelu,
  geluTanh,
  layerNorm,
  matMul,
  productOf,
  relu,
  reshape,
  split,
  transpose,
  type Dim,
  type GraphBuilder,
  type Scale,
  type Value,
} from '#autograd';

import { attend } from '../encoder/attend.ts';
import type { GraphParameters } from '../graph-parameters.ts';
import { positionIds, type AttentionView, type BlockBias } from './attention-view.ts';
import type { DecoderConfig } from './decoder-config.ts';
import { blockName } from './decoder-tensors.ts';

/** What a GPT-2's graph is made from. */
export interface DecoderSource {
  readonly config: DecoderConfig;
  readonly parameters: GraphParameters;
  /** A block's own attention bias; default the causal one. */
  readonly blockBias?: BlockBias | undefined;
}

/** Word + position: [batch, sequence, hidden] from int64 ids and mask [batch, sequence]; 1 for a token, 0 for padding on either side. */
export function embedTokens(g: GraphBuilder, { parameters }: DecoderSource, ids: Value, mask: Value): Value {
  const words = gather(g, parameters.tensor('decoder.embeddings.word'), ids);
  return add(g, words, gather(g, parameters.tensor('decoder.embeddings.position'), positionIds(g, mask)));
}

/** Hidden states [batch, sequence, hidden] through blocks `from` up to, not including, `to`. */
export function decoderBlocks(
  g: GraphBuilder,
  source: DecoderSource,
  states: Value,
  view: AttentionView,
  { from, to }: { readonly from: number; readonly to: number },
): Value {
  const [batch, sequence, hidden] = states.shape as [Dim, Dim, Dim];
  // Inside, positions come before the batch: attention then reads its operands where they are.
  const inside = transpose(g, states, [1, 0, 2]);
  let rows = reshape(g, inside, [productOf([sequence, batch]), hidden]);
  for (let block = from; block < to; block += 1) rows = wholeBlock(g, source, rows, view, block);
  return transpose(g, reshape(g, rows, [sequence, batch, hidden]), [1, 0, 2]);
}

/** One pre-norm block over [sequence · batch, hidden]. */
function wholeBlock(g: GraphBuilder, source: DecoderSource, rows: Value, view: AttentionView, block: number): Value {
  const { hidden, heads } = source.config;
  const [batch, , , sequence] = view.keyPositions.shape as [Dim, Dim, Dim, Dim];
  const bias = source.blockBias?.(g, block, view) ?? view.bias;
  return decoderBlock(g, source, rows, block, (query, key, value) =>
    attend(g, { query, key, value, bias }, { batch, queries: sequence, keys: sequence, heads, hidden }),
  );
}

/** x + attention(norm(x)), then the same with the feed-forward: rows [.., hidden] as `mix` takes and gives them. */
export function decoderBlock(
  g: GraphBuilder,
  { config, parameters }: DecoderSource,
  rows: Value,
  block: number,
  mix: (query: Value, key: Value, value: Value) => Value,
): Value {
  const { hidden } = config;
  const name = blockName(block);
  const qkv = parameters.linear(
    layerNorm(g, rows, scaleOf(config, parameters, `${name}.attention.norm`)),
    `${name}.attention.qkv`,
  );
  const [query, key, value] = split(g, qkv, 1, [hidden, hidden, hidden]) as [Value, Value, Value];
  const attended = add(g, rows, parameters.linear(mix(query, key, value), `${name}.attention.output`));
  const activate = { gelu, gelu_new: geluTanh, relu }[config.activation];
  const normed = layerNorm(g, attended, scaleOf(config, parameters, `${name}.intermediate.norm`));
  const inner = activate(g, parameters.linear(normed, `${name}.intermediate`));
  return add(g, attended, parameters.linear(inner, `${name}.output`));
}

/** The last norm over rows [rows, hidden]: what heads read. */
export function finalStates(g: GraphBuilder, { config, parameters }: DecoderSource, rows: Value): Value {
  return layerNorm(g, rows, scaleOf(config, parameters, 'decoder.norm'));
}

/** Logits [rows, vocabulary] from final states [rows, hidden]: the word embeddings themselves, transposed. */
export function vocabularyLogits(g: GraphBuilder, { parameters }: DecoderSource, states: Value): Value {
  return matMul(g, states, parameters.tensor('decoder.embeddings.word'), { transB: true });
}

function scaleOf({ layerNormEpsilon: epsilon }: DecoderConfig, parameters: GraphParameters, name: string): Scale {
  return { weight: parameters.tensor(`${name}.weight`), bias: parameters.tensor(`${name}.bias`), epsilon };
}
