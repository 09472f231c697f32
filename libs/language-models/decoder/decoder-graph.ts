import {
  add,
  cumulativeSum,
  expand,
  gather,
  gelu,
  geluTanh,
  integerSum,
  layerNorm,
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

/** Blocks `from` up to, not including, `to`. */
interface BlockRange {
  readonly from: number;
  readonly to: number;
}

/** Hidden states [batch, sequence, hidden] through a range of blocks. */
export function decoderBlocks(
  g: GraphBuilder,
  source: DecoderSource,
  states: Value,
  view: AttentionView,
  { from, to }: BlockRange,
): Value {
  const [batch, sequence, hidden] = states.shape as [Dim, Dim, Dim];
  let rows = positionsFirst(g, states);
  for (let block = from; block < to; block += 1) rows = wholeBlock(g, source, rows, view, block);
  return transpose(g, reshape(g, rows, [sequence, batch, hidden]), [1, 0, 2]);
}

/**
 * As `decoderBlocks`, but only the states [rows, hidden] at `wanted`, int64 [rows], indices into the flattened [batch · sequence].
 * The last block's attention alone is computed everywhere; what follows it takes only the wanted rows.
 */
export function decoderBlocksAt(
  g: GraphBuilder,
  source: DecoderSource,
  states: Value,
  view: AttentionView,
  { from, to }: BlockRange,
  wanted: Value,
): Value {
  const at = indicesInside(g, states, wanted);
  let rows = positionsFirst(g, states);
  for (let block = from; block < to - 1; block += 1) rows = wholeBlock(g, source, rows, view, block);
  const pick = (x: Value): Value => gather(g, x, at);
  return from === to ? pick(rows) : wholeBlock(g, source, rows, view, to - 1, pick);
}

/** Inside, positions come before the batch: attention then reads its operands where they are. [sequence · batch, hidden]. */
function positionsFirst(g: GraphBuilder, states: Value): Value {
  const [batch, sequence, hidden] = states.shape as [Dim, Dim, Dim];
  return reshape(g, transpose(g, states, [1, 0, 2]), [productOf([sequence, batch]), hidden]);
}

/** Where rows of the flattened [batch · sequence] are in the flattened [sequence · batch]. */
function indicesInside(g: GraphBuilder, states: Value, wanted: Value): Value {
  const [batch, sequence] = states.shape as [Dim, Dim, Dim];
  const all = productOf([batch, sequence]);
  const counted = cumulativeSum(g, expand(g, g.integers([1]), [sequence, batch]), 0);
  // Row s · batch + b stands at [s, b]; transposed and flattened, at b · sequence + s.
  const along = cumulativeSum(g, expand(g, g.integers([1]), [sequence, batch]), 1);
  const rows = integerSum(g, scaled(g, integerSum(g, counted, g.integers([1]), -1), batch), along);
  const inside = reshape(g, transpose(g, integerSum(g, rows, g.integers([1]), -1), [1, 0]), [all]);
  return gather(g, inside, wanted);
}

/** Integers times a dimension. */
function scaled(g: GraphBuilder, x: Value, dimension: Dim): Value {
  return g.emitOne({ operator: 'Mul', inputs: [x, g.dimension(dimension)], type: 'int64', shape: x.shape });
}

/** One pre-norm block over [sequence · batch, hidden]. */
function wholeBlock(
  g: GraphBuilder,
  source: DecoderSource,
  rows: Value,
  view: AttentionView,
  block: number,
  pick?: (x: Value) => Value,
): Value {
  const { hidden, heads } = source.config;
  const [batch, , , sequence] = view.keyPositions.shape as [Dim, Dim, Dim, Dim];
  const bias = source.blockBias?.(g, block, view) ?? view.bias;
  const mix = (query: Value, key: Value, value: Value): Value =>
    attend(g, { query, key, value, bias }, { batch, queries: sequence, keys: sequence, heads, hidden });
  return decoderBlock(g, source, rows, block, mix, pick);
}

/**
 * x + attention(norm(x)), then the same with the feed-forward: rows [.., hidden] as `mix` takes and gives them. What follows
 * attention is computed only for the rows that `pick` picks.
 */
export function decoderBlock(
  g: GraphBuilder,
  { config, parameters }: DecoderSource,
  rows: Value,
  block: number,
  mix: (query: Value, key: Value, value: Value) => Value,
  pick: (x: Value) => Value = (x) => x,
): Value {
  const { hidden } = config;
  const name = blockName(block);
  const qkv = parameters.linear(
    layerNorm(g, rows, scaleOf(config, parameters, `${name}.attention.norm`)),
    `${name}.attention.qkv`,
  );
  const [query, key, value] = split(g, qkv, 1, [hidden, hidden, hidden]) as [Value, Value, Value];
  const mixed = parameters.linear(pick(mix(query, key, value)), `${name}.attention.output`);
  const attended = add(g, pick(rows), mixed);
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
export function vocabularyLogits({ parameters }: DecoderSource, states: Value): Value {
  return parameters.byTable(states, 'decoder.embeddings.word');
}

function scaleOf({ layerNormEpsilon: epsilon }: DecoderConfig, parameters: GraphParameters, name: string): Scale {
  return { weight: parameters.tensor(`${name}.weight`), bias: parameters.tensor(`${name}.bias`), epsilon };
}
