import {
  and,
  append,
  cast,
  compare,
  compileModel,
  expand,
  gather,
  GraphBuilder,
  integerSum,
  loop,
  multiHeadAttention,
  not,
  productOf,
  reduceSum,
  reshape,
  sliceTo,
  add,
  unsqueeze,
  where,
  type Dim,
  type OnnxModel,
  type Value,
} from '#autograd';

import { causalView, paddingBias, positionIds, type AttentionView, type BlockBias } from '../decoder/attention-view.ts';
import {
  decoderBlock,
  embedTokens,
  finalStates,
  vocabularyLogits,
  type DecoderSource,
} from '../decoder/decoder-graph.ts';
import { tunedManifest } from '../decoder/decoder-tensors.ts';
import type { FrozenDecoder } from '../decoder/load-decoder.ts';
import { chosenParameters, frozenParameters, trainableParameters } from '../graph-parameters.ts';
import { columnParameters } from './column-parameters.ts';
import { sampleToken, type SamplingInputs } from './sample-token.ts';

export interface GeneratorShape {
  /** Top blocks whose tensors (`tunedManifest`) are fed at each run; the rest is part of the model. */
  readonly trainableBlocks: number;
  /** Rank tokens before drawing, for top-k and top-p. */
  readonly ranked: boolean;
  /** As the blocks are trained. */
  readonly blockBias?: BlockBias | undefined;
}

interface Cache {
  readonly key: Value;
  readonly value: Value;
}

/**
 * Prompts to completions in one run: all prompts at once, then an ONNX Loop that decodes a token a row with the keys and values of
 * those before it. Fetching a cache from ONNX Runtime copies it (113 MB a token for GPT-2 small, 16 × 96), so it stays inside.
 *
 * Inputs: `ids` and `mask` int64 [batch, prompt], padded on the left; `uniform` float32 [steps, batch], a number in (0, 1) a
 * token; `inverseTemperature` float32 []; `end` int64 []: a row that draws it repeats it, and when all have, the run ends;
 * `count` int64 [1] and `topP` float32 [] when `ranked`; the tuned tensors. Outputs: `first` int64 [batch], `rest` int64 [iterations, batch].
 */
export function buildGenerator(weights: FrozenDecoder, shape: GeneratorShape): OnnxModel {
  const { config } = weights;
  const g = new GraphBuilder('generator');
  const ids = g.input('ids', 'int64', ['batch', 'prompt']);
  const mask = g.input('mask', 'int64', ['batch', 'prompt']);
  const uniform = g.input('uniform', 'float32', ['steps', 'batch']);
  const end = g.input('end', 'int64', []);
  const sampling = samplingInputs(g, shape.ranked);
  const manifest = tunedManifest(config, shape.trainableBlocks);
  const tuned = new Set(manifest.map(({ name }) => name));
  const isTuned = (name: string): boolean => tuned.has(name);
  const frozen = frozenParameters(g, weights);
  const trained = trainableParameters(g, manifest, { fewRows: 'perhaps' });
  const columns = columnParameters(g, trained, manifest);
  const { blockBias } = shape;
  const prompts: DecoderSource = { config, parameters: chosenParameters(isTuned, trained, frozen), blockBias };
  const steps: DecoderSource = { config, parameters: chosenParameters(isTuned, columns, frozen), blockBias };

  const drawn = (states: Value, step: Value, source: DecoderSource): Value => {
    const logits = vocabularyLogits(source, finalStates(g, source, states));
    return sampleToken(g, logits, reshape(g, gather(g, uniform, step), ['batch']), sampling);
  };
  const read = readPrompts(g, prompts, ids, mask);
  const first = drawn(read.last, g.scalar(0, 'int64'), prompts);
  const running = not(g, compare(g, 'Equal', first, end));
  const length = reduceSum(g, mask, [1]);
  const seen = wholeView(g, mask);
  const promptLength = g.dimension('prompt');
  const cached: Dim[] = ['batch', config.heads, 'past', config.hidden / config.heads];
  const { scan } = loop(
    g,
    {
      trips: reshape(g, integerSum(g, g.dimension('steps'), g.integers([1]), -1), []),
      condition: any(g, running),
      state: [
        { value: first, shape: ['batch'] },
        { value: running, shape: ['batch'] },
        ...read.caches.flatMap(({ key, value }) => [key, value].map((part) => ({ value: part, shape: cached }))),
      ],
    },
    (number, state) => {
      const [token, alive, ...parts] = state as [Value, Value, ...Value[]];
      const past = pairs(parts);
      const position = integerSum(g, length, number);
      const next = integerSum(g, number, g.scalar(1, 'int64'));
      const view = viewOfStep(g, seen, position, integerSum(g, promptLength, reshape(g, next, [1])));
      const read = readToken(g, steps, { token, position, view, past });
      const sampled = where(g, alive, drawn(read.states, next, steps), end);
      const goesOn = and(g, alive, not(g, compare(g, 'Equal', sampled, end)));
      const caches = read.caches.flatMap(({ key, value }) => [key, value]);
      return { condition: any(g, goesOn), state: [sampled, goesOn, ...caches], scan: [sampled] };
    },
  );
  const [rest] = scan as [Value];
  return compileModel(g, { always: { first, rest } });
}

function samplingInputs(g: GraphBuilder, ranked: boolean): SamplingInputs {
  const inverseTemperature = g.input('inverseTemperature', 'float32', []);
  if (!ranked) return { inverseTemperature };
  return {
    inverseTemperature,
    ranking: { count: g.input('count', 'int64', [1]), topP: g.input('topP', 'float32', []) },
  };
}

/** All prompts through all blocks: the last token's states [batch, hidden], and each block's keys and values. */
function readPrompts(g: GraphBuilder, source: DecoderSource, ids: Value, mask: Value) {
  const { hidden, heads, layers } = source.config;
  const whole: Dim[] = ['batch', 'prompt', hidden];
  const view = causalView(g, mask);
  const caches: Cache[] = [];
  let rows = reshape(g, embedTokens(g, source, ids, mask), [productOf(['batch', 'prompt']), hidden]);
  for (let block = 0; block < layers; block += 1) {
    const bias = source.blockBias?.(g, block, view) ?? view.bias;
    rows = decoderBlock(g, source, rows, block, (...projections) => {
      const [query, key, value] = projections.map((x) => reshape(g, x, whole)) as [Value, Value, Value];
      const { mixed, cache } = multiHeadAttention(g, { query, key, value, bias, heads, total: 'prompt' });
      caches.push(cache);
      return reshape(g, mixed, rows.shape);
    });
  }
  const last = g.emitOne({
    operator: 'Gather',
    inputs: [reshape(g, rows, whole), g.scalar(-1, 'int64')],
    attributes: { axis: { int: 1 } },
    type: 'float32',
    shape: ['batch', hidden],
  });
  return { last, caches };
}

/** One token a row [batch] at `position` [batch] through all blocks: its states [batch, hidden], and the longer caches. */
function readToken(
  g: GraphBuilder,
  source: DecoderSource,
  { token, position, view, past }: { token: Value; position: Value; view: AttentionView; past: readonly Cache[] },
) {
  const { hidden, heads } = source.config;
  const one: Dim[] = ['batch', 1, hidden];
  const caches: Cache[] = [];
  const { parameters } = source;
  const words = gather(g, parameters.tensor('decoder.embeddings.word'), token);
  let states = add(g, words, gather(g, parameters.tensor('decoder.embeddings.position'), position));
  past.forEach((known, block) => {
    const bias = source.blockBias?.(g, block, view) ?? view.bias;
    states = decoderBlock(g, source, states, block, (...projections) => {
      const [query, key, value] = projections.map((x) => reshape(g, x, one)) as [Value, Value, Value];
      const { mixed, cache } = multiHeadAttention(g, { query, key, value, bias, heads, past: known, total: 'seen' });
      caches.push(cache);
      return reshape(g, mixed, ['batch', hidden]);
    });
  });
  return { states, caches };
}

/** Bias and positions of all columns that there may be, the prompts' and `steps` more: [batch, 1, 1, columns]. */
function wholeView(g: GraphBuilder, mask: Value): { readonly bias: Value; readonly positions: Value } {
  const generated = expand(g, g.integers([1]), ['batch', 'steps']);
  const columns = append(g, [mask, generated], { axis: 1, size: 'columns' });
  return {
    bias: paddingBias(g, columns),
    positions: unsqueeze(g, positionIds(g, columns), [1, 2]),
  };
}

/** What the token at `position` [batch] may attend to: the first `end` columns. */
function viewOfStep(g: GraphBuilder, whole: ReturnType<typeof wholeView>, position: Value, end: Value): AttentionView {
  const part = (x: Value): Value => sliceTo(g, x, { axis: 3, end, size: 'seen' });
  return {
    bias: part(whole.bias),
    queryPositions: unsqueeze(g, position, [1, 2, 3]),
    keyPositions: part(whole.positions),
  };
}

/** Keys and values of the blocks, which the state holds one after the other. */
function pairs(parts: readonly Value[]): Cache[] {
  const [key, value, ...others] = parts;
  return key === undefined || value === undefined ? [] : [{ key, value }, ...pairs(others)];
}

/** Whether one of the rows holds, bool []. */
function any(g: GraphBuilder, rows: Value): Value {
  return compare(g, 'Greater', reduceSum(g, cast(g, rows, 'int64'), [0]), g.scalar(0, 'int64'));
}
