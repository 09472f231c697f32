import {
  cumulativeSum,
  expand,
  integerSum,
  reduceSum,
  reshape,
  type Dim,
  type GraphBuilder,
  type Value,
} from '#autograd';
import type { TensorManifest } from '#parameters';

import { modelTypeOf } from '../checkpoints/check-config.ts';
import { longestSequence } from '../checkpoints/encoder-config.ts';
import { loadEncoder, withEncoder, type EncoderWeights, type FrozenEncoder } from '../checkpoints/load-encoder.ts';
import { readConfigJson } from '../checkpoints/read-config-json.ts';
import { encoderManifest } from '../checkpoints/tensor-names.ts';
import { causalView } from '../decoder/attention-view.ts';
import type { DecoderConfig } from '../decoder/decoder-config.ts';
import { decoderBlocksAt, embedTokens, finalStates, type DecoderSource } from '../decoder/decoder-graph.ts';
import { decoderManifest } from '../decoder/decoder-tensors.ts';
import { loadDecoder, withDecoder, type DecoderWeights, type FrozenDecoder } from '../decoder/load-decoder.ts';
import { buildEncoder } from '../encoder/encoder-graph.ts';
import type { GraphParameters } from '../graph-parameters.ts';

/** What a reward model starts from: an encoder is read at its first token, a decoder at its last. */
export type RewardBase = EncoderWeights | DecoderWeights;
export type RewardConfig = RewardBase['config'];

/** How much of a base is trained beside the head: everything, embeddings too, or so many blocks from the top. */
export type TrainedPart = 'all' | number;

/** Loads a BERT, a RoBERTa or a GPT-2 from a Hugging Face folder. Throws ModelError, as `loadEncoder` and `loadDecoder` do. */
export async function loadRewardBase(dir: string): Promise<RewardBase> {
  return (await holdsDecoder(dir)) ? loadDecoder(dir) : loadEncoder(dir);
}

/** The same without its numbers in memory, as `withEncoder` and `withDecoder`. */
export async function withRewardBase<T>(
  dir: string,
  use: (base: FrozenEncoder | FrozenDecoder) => Promise<T>,
): Promise<T> {
  return (await holdsDecoder(dir)) ? withDecoder(dir, use) : withEncoder(dir, use);
}

async function holdsDecoder(dir: string): Promise<boolean> {
  const { json, path } = await readConfigJson(dir);
  return modelTypeOf(json, path, ['bert', 'roberta', 'gpt2']) === 'gpt2';
}

/** The longest sequence that a base can read. */
export function longestFor(config: RewardConfig): number {
  return isDecoder(config) ? config.maxPositions : longestSequence(config);
}

/** What sequences are padded with, on the right; masks say where. */
export function paddingFor(config: RewardConfig): number {
  return isDecoder(config) ? config.endTokenId : config.padTokenId;
}

/** Names and shapes of the base's tensors that are trained. */
export function trainedManifest(config: RewardConfig, part: TrainedPart): TensorManifest {
  const manifest = isDecoder(config) ? decoderManifest(config) : encoderManifest(config);
  const first = config.layers - (part === 'all' ? config.layers : part);
  return manifest.filter(({ name }) => {
    // An encoder's last block has one query, whose key bias adds the same to all of its scores.
    if (name === `block.${config.layers - 1}.attention.key.bias`) return false;
    const [, block] = /^(?:block|decoder)\.(\d+)\./.exec(name) ?? [];
    return block === undefined ? part === 'all' : Number(block) >= first;
  });
}

/** The states [rows, hidden] that the head of a reward model reads, from int64 ids and mask [rows, sequence]. */
export function statesToScore(
  g: GraphBuilder,
  config: RewardConfig,
  parameters: GraphParameters,
  { ids, mask }: { readonly ids: Value; readonly mask: Value },
): Value {
  const [rows] = ids.shape as [Dim, Dim];
  if (!isDecoder(config))
    return reshape(g, buildEncoder(g, config, parameters, { ids, mask }, { firstTokenOnly: true }), [
      rows,
      config.hidden,
    ]);
  const source: DecoderSource = { config, parameters };
  const range = { from: 0, to: config.layers };
  const hidden = embedTokens(g, source, ids, mask);
  return finalStates(g, source, decoderBlocksAt(g, source, hidden, causalView(g, mask), range, lastTokens(g, mask)));
}

/** Of each row of a mask that is padded on the right, where its last token is in the flattened [rows · sequence]: int64 [rows]. */
function lastTokens(g: GraphBuilder, mask: Value): Value {
  const [rows, sequence] = mask.shape as [Dim, Dim];
  // What all rows up to this one have together: whole rows before it, and its own tokens.
  const inRow = integerSum(g, reduceSum(g, mask, [1]), g.integers([1]), -1);
  const number = integerSum(g, cumulativeSum(g, expand(g, g.integers([1]), [rows]), 0), g.integers([1]), -1);
  const before = g.emitOne({
    operator: 'Mul',
    inputs: [number, g.dimension(sequence)],
    type: 'int64',
    shape: [rows],
  });
  return integerSum(g, before, inRow);
}

function isDecoder(config: RewardConfig): config is DecoderConfig {
  return config.modelType === 'gpt2';
}
