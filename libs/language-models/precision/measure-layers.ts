import {
  compileModel,
  copyError,
  frozenLinear,
  GraphBuilder,
  mul,
  productOf,
  reduceSum,
  reshape,
  Session,
  type Feed,
  sub,
  type FrozenArithmetic,
  type FrozenLayer,
  type Int8Levels,
  type LinearScales,
  type Value,
} from '#autograd';

import type { FrozenEncoder } from '../checkpoints/load-encoder.ts';
import { causalView } from '../decoder/attention-view.ts';
import { decoderBlocks, embedTokens, finalStates, vocabularyLogits } from '../decoder/decoder-graph.ts';
import type { FrozenDecoder } from '../decoder/load-decoder.ts';
import { buildEncoder } from '../encoder/encoder-graph.ts';
import { frozenParameters, type GraphParameters } from '../graph-parameters.ts';
import { longestFor } from '../reward/reward-base.ts';
import { ModelError } from '../model-error.ts';
import { tensorNamed } from '../tensor-named.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** What int8 does to one frozen layer on some text. */
export interface MeasuredLayer {
  readonly name: string;
  /** Of what is read to what is given. */
  readonly shape: readonly [number, number];
  /** Root of the summed squares of what int8 changes in x·weight, over that of x·weight; NaN where x·weight is 0 all over, or not finite. */
  readonly relativeError: number;
  /** What int8 changes in the weight's transposed copy, by which gradients flow (`copyError`); no gradient flows through a decoder's frozen layers. */
  readonly gradientError?: number;
  /** The largest number that the layer reads, over the root mean square of all: some 5 without outliers. */
  readonly peak: number;
}

/** Tokens that are read at once: as many as a short text has. */
const WINDOW = 48;

/** Windows of one run: what a run needs does not grow with the text, and the sample text is read in one. */
const WINDOWS_AT_ONCE = 16;

/** Runs the plain model in fp32 over a text and measures each frozen layer on what it reads there. Throws ModelError `model.sample-text` of a text without tokens. */
export async function measureLayers(
  weights: FrozenEncoder | FrozenDecoder,
  tokenizer: Tokenizer,
  text: string,
  levels: Int8Levels,
): Promise<MeasuredLayer[]> {
  const g = new GraphBuilder('precision');
  const ids = g.input('ids', 'int64', ['batch', 'sequence']);
  const mask = g.input('mask', 'int64', ['batch', 'sequence']);
  const layers: TappedLayer[] = [];
  const parameters = measuringParameters(g, weights, levels, layers);
  if (isDecoder(weights)) {
    const { config } = weights;
    const source = { config, parameters };
    const range = { from: 0, to: config.layers };
    const states = decoderBlocks(g, source, embedTokens(g, source, ids, mask), causalView(g, mask), range);
    const rows = reshape(g, states, [productOf(['batch', 'sequence']), config.hidden]);
    vocabularyLogits(source, finalStates(g, source, rows));
  } else buildEncoder(g, weights.config, parameters, { ids, mask });
  const model = compileModel(g, { always: Object.fromEntries(layers.flatMap(({ sums }) => Object.entries(sums))) });
  const session = await Session.open(model, { prepack: false });
  try {
    const windows = windowsOf(text, tokenizer, longestFor(weights.config));
    const runs: Outputs[] = [];
    for (let from = 0; from < windows.length; from += WINDOWS_AT_ONCE)
      runs.push(await session.run(feedsOf(windows.slice(from, from + WINDOWS_AT_ONCE))));
    const all = (name: string): number[] => runs.map((outputs) => Number(outputs[name]?.data[0]));
    const sum = (name: string): number => all(name).reduce((total, one) => total + one, 0);
    const tokens = windows.flat().length;
    return layers.map(({ name, shape: [inner, out], gradientError }) => ({
      name,
      shape: [inner, out],
      ...(gradientError === undefined ? {} : { gradientError }),
      relativeError: Math.sqrt(sum(`${name} error`) / sum(`${name} product`)),
      peak: Math.max(...all(`${name} largest`)) / Math.sqrt(sum(`${name} read`) / (tokens * inner)),
    }));
  } finally {
    await session.close();
  }
}

type Outputs = Awaited<ReturnType<Session['run']>>;

function feedsOf(rows: readonly (readonly number[])[]): Record<string, Feed> {
  const ids = rows.flat();
  const shape = [rows.length, ids.length / rows.length];
  return {
    ids: { type: 'int64', shape, data: BigInt64Array.from(ids, BigInt) },
    mask: { type: 'int64', shape, data: new BigInt64Array(ids.length).fill(1n) },
  };
}

interface TappedLayer {
  readonly name: string;
  readonly shape: readonly [number, number];
  readonly sums: Readonly<Record<string, Value>>;
  readonly gradientError?: number;
}

/** As frozen ones in fp32; each layer computes its product in int8 beside, and tells how far off it is. */
function measuringParameters(
  g: GraphBuilder,
  weights: FrozenEncoder | FrozenDecoder,
  levels: Int8Levels,
  layers: TappedLayer[],
): GraphParameters {
  const { tensors } = weights;
  const exact = frozenParameters(g, { tensors });
  const int8: FrozenArithmetic = { precision: 'int8', levels, exceptions: new Set() };
  const squares = (x: Value): Value => reduceSum(g, mul(g, x, x), [0, 1]);
  const tap = (x: Value, layer: FrozenLayer, scales?: LinearScales): void => {
    const product = frozenLinear(g, x, layer, scales);
    const error = sub(g, frozenLinear(g, x, layer, scales, int8), product);
    const [inner = 0, out = 0] = layer.transposed === true ? layer.weight.shape.toReversed() : layer.weight.shape;
    const { name } = layer;
    const sums = {
      [`${name} error`]: squares(error),
      [`${name} product`]: squares(product),
      [`${name} read`]: squares(x),
      [`${name} largest`]: largestMagnitude(g, x),
    };
    const gradientError = isDecoder(weights) ? {} : { gradientError: copyError(layer.weight, false, levels) };
    layers.push({ name, shape: [inner, out], sums, ...gradientError });
  };
  return {
    tensor: (name) => exact.tensor(name),
    linear: (x, name, scales) => {
      tap(x, { name, weight: tensorNamed(tensors, `${name}.weight`) }, scales);
      return exact.linear(x, name, scales);
    },
    byTable: (x, name) => {
      tap(x, { name, weight: tensorNamed(tensors, name), transposed: true });
      return exact.byTable(x, name);
    },
  };
}

function largestMagnitude(g: GraphBuilder, x: Value): Value {
  const magnitudes = g.emitOne({ operator: 'Abs', inputs: [x], type: 'float32', shape: x.shape });
  return g.emitOne({
    operator: 'ReduceMax',
    inputs: [magnitudes, g.integers([0, 1])],
    attributes: { keepdims: { int: 0 } },
    type: 'float32',
    shape: [],
  });
}

/** The text's tokens in rows of one length, so that none is padded; a shorter text is one row. */
function windowsOf(text: string, tokenizer: Tokenizer, longestRow: number): number[][] {
  const ids = tokenizer.encodeRaw(text);
  if (ids.length === 0)
    throw new ModelError('model.sample-text', 'The sample text has nothing that the tokenizer reads as a token.');
  const width = Math.max(1, Math.min(WINDOW, longestRow - 2, ids.length));
  return Array.from({ length: Math.max(1, Math.floor(ids.length / width)) }, (_, row) => [
    tokenizer.clsTokenId,
    ...ids.slice(row * width, (row + 1) * width),
    tokenizer.sepTokenId,
  ]);
}

function isDecoder(weights: FrozenEncoder | FrozenDecoder): weights is FrozenDecoder {
  return weights.config.modelType === 'gpt2';
}
