import {
  add,
  cast,
  expand,
  geluTanh,
  layerNorm,
  mul,
  productOf,
  relu,
  reshape,
  scaledGelu,
  slice,
  sub,
  transpose,
  type Dim,
  type GraphBuilder,
  type Scale,
  type Value,
} from '#autograd';

import type { EncoderConfig } from '../checkpoints/encoder-config.ts';
import { attend } from './attend.ts';
import { attendFromOne, type OneQuery } from './attend-from-one.ts';
import { embedTokens, type EncoderInputs } from './embed-tokens.ts';
import type { GraphParameters } from '../graph-parameters.ts';
import { addLowRank, type LowRank } from './lora.ts';

/** Where a personalised encoder departs from the plain one. */
export interface EncoderHooks {
  /** What is added to a projection. */
  readonly lowRank?: (target: 'query' | 'value', block: number) => LowRank | undefined;
  /** The end of a block: normalises h + input [rows, hidden]. */
  readonly finished?: (block: number, h: Value, input: Value, norm: Scale) => Value;
  /** Compute the last block for the first token only, which is all that a classification head reads. */
  readonly firstTokenOnly?: boolean;
}

/** Hidden states [batch, sequence, hidden] of BERT or RoBERTa; [batch, 1, hidden] with `firstTokenOnly`. */
export function buildEncoder(
  g: GraphBuilder,
  config: EncoderConfig,
  parameters: GraphParameters,
  inputs: EncoderInputs,
  hooks: EncoderHooks = {},
): Value {
  const bias = maskBias(g, inputs.mask);
  const [batch, sequence] = inputs.mask.shape as [Dim, Dim];
  // Added to all heads in turn, rows that are as long as they can be take half the time.
  const wideBias = expand(g, bias, [batch, 1, sequence, sequence]);
  // Inside, positions come before the batch: attention then reads its operands where they are.
  const [ids, mask] = [transpose(g, inputs.ids, [1, 0]), transpose(g, inputs.mask, [1, 0])];
  let states = embedTokens(g, config, parameters, { ids, mask });
  for (let block = 0; block < config.layers; block += 1) {
    const firstOnly = hooks.firstTokenOnly === true && block === config.layers - 1;
    const context = { g, config, parameters, hooks, block, bias: firstOnly ? bias : wideBias };
    states = encoderBlock(context, states, firstOnly);
  }
  return hooks.firstTokenOnly === true
    ? reshape(g, states, [batch, 1, config.hidden])
    : transpose(g, states, [1, 0, 2]);
}

/** 0 where there is a token, a number that softmax turns into 0 where there is padding: [batch, 1, 1, sequence]. */
function maskBias(g: GraphBuilder, mask: Value): Value {
  const [batch, sequence] = mask.shape as [Dim, Dim];
  const padding = sub(g, cast(g, mask, 'float32'), g.scalar(1));
  return reshape(g, mul(g, padding, g.scalar(1e9)), [batch, 1, 1, sequence]);
}

interface BlockContext {
  readonly g: GraphBuilder;
  readonly config: EncoderConfig;
  readonly parameters: GraphParameters;
  readonly hooks: EncoderHooks;
  readonly block: number;
  readonly bias: Value;
}

/** One post-norm block: attention, then the feed-forward; states [sequence, batch, hidden]. */
function encoderBlock(context: BlockContext, states: Value, firstOnly: boolean): Value {
  const { g, config, parameters, hooks, block, bias } = context;
  const { hidden, heads } = config;
  const [keys, batch] = states.shape as [Dim, Dim, Dim];
  const queries = firstOnly ? 1 : keys;
  const rows = (x: Value): Value => reshape(g, x, [productOf(x.shape.slice(0, 2)), hidden]);
  const all = rows(states);
  const own = firstOnly ? rows(slice(g, states, { axis: 0, start: 0, end: 1 })) : all;
  const project = (x: Value, target: 'query' | 'key' | 'value'): Value => {
    const y = parameters.linear(x, `block.${String(block)}.attention.${target}`);
    const extra = target === 'key' ? undefined : hooks.lowRank?.(target, block);
    return extra === undefined ? y : addLowRank(g, x, y, extra);
  };
  const query = project(own, 'query');
  const mixed = firstOnly
    ? attendFromOne(g, { query, states, ...keysAndValues(context) })
    : attend(
        g,
        { query, key: project(all, 'key'), value: project(all, 'value'), bias },
        { batch, queries, keys, heads, hidden },
      );
  const attended = parameters.linear(mixed, `block.${String(block)}.attention.output`);
  const middle = layerNorm(g, add(g, attended, own), scale(context, 'attention.norm'));
  const finish = hooks.finished ?? ((_, h, input, norm) => layerNorm(g, add(g, h, input), norm));
  const finished = finish(block, feedForward(context, middle), middle, scale(context, 'output.norm'));
  return reshape(g, finished, [queries, batch, hidden]);
}

/** What the first token's attention needs besides its query and the states. */
function keysAndValues({
  g,
  config,
  parameters,
  hooks,
  block,
  bias,
}: BlockContext): Omit<OneQuery, 'query' | 'states'> {
  const tensor = (name: string): Value => parameters.tensor(`block.${String(block)}.attention.${name}`);
  const [batch, , , keys] = bias.shape as [Dim, Dim, Dim, Dim];
  return {
    bias: reshape(g, bias, [batch, 1, keys]),
    keyWeight: tensor('key.weight'),
    valueWeight: tensor('value.weight'),
    valueBias: tensor('value.bias'),
    valueLowRank: hooks.lowRank?.('value', block),
    heads: config.heads,
  };
}

function feedForward({ g, config, parameters, block }: BlockContext, x: Value): Value {
  const into = `block.${String(block)}.intermediate`;
  const back = `block.${String(block)}.output`;
  if (config.activation === 'gelu') {
    const half = Math.SQRT1_2;
    const inner = scaledGelu(g, parameters.linear(x, into, { alpha: half, beta: half }));
    return parameters.linear(inner, back, { alpha: half });
  }
  const activate = config.activation === 'relu' ? relu : geluTanh;
  return parameters.linear(activate(g, parameters.linear(x, into)), back);
}

function scale({ config, parameters, block }: BlockContext, norm: string): Scale {
  const tensor = (part: string): Value => parameters.tensor(`block.${String(block)}.${norm}.${part}`);
  return { weight: tensor('weight'), bias: tensor('bias'), epsilon: config.layerNormEpsilon };
}
