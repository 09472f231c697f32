import { compileModel, GraphBuilder, type OnnxModel, type Value } from '#autograd';

import { chosenParameters, frozenParameters, trainableParameters } from '../graph-parameters.ts';
import { causalView, type BlockBias } from './attention-view.ts';
import { decoderBlocks, decoderBlocksAt, embedTokens, finalStates, type DecoderSource } from './decoder-graph.ts';
import { firstTunedBlock, tunedManifest } from './decoder-tensors.ts';
import type { FrozenDecoder } from './load-decoder.ts';

/**
 * Everything below the tuned blocks, which never changes: inputs `ids` and `mask` int64 [batch, sequence] (padding on either
 * side), output `hidden` float32 [batch, sequence, hidden], to be computed once and fed to a suffix as often as it is trained on.
 */
export function buildDecoderPrefix(weights: FrozenDecoder, trainableBlocks: number): OnnxModel {
  const { config } = weights;
  const g = new GraphBuilder('decoder-prefix');
  const ids = g.input('ids', 'int64', ['batch', 'sequence']);
  const mask = g.input('mask', 'int64', ['batch', 'sequence']);
  const source: DecoderSource = { config, parameters: frozenParameters(g, weights) };
  const range = { from: 0, to: firstTunedBlock(config, trainableBlocks) };
  const hidden = decoderBlocks(g, source, embedTokens(g, source, ids, mask), causalView(g, mask), range);
  return compileModel(g, { always: { hidden } });
}

/** What a suffix reads. */
export interface SuffixInputs {
  /** What the prefix gives: [batch, sequence, hidden]. */
  readonly hidden: Value;
  /** int64 [batch, sequence]. */
  readonly mask: Value;
  /** Where states and logits are wanted, int64 [rows]: indices into the flattened [batch · sequence]. */
  readonly rows: Value;
}

/** The top blocks and last norm, added to a graph that goes on with heads of its own: states [rows, hidden] of each wanted row. */
export function decoderSuffix(
  g: GraphBuilder,
  source: DecoderSource,
  trainableBlocks: number,
  { hidden, mask, rows }: SuffixInputs,
): Value {
  const { config } = source;
  const range = { from: firstTunedBlock(config, trainableBlocks), to: config.layers };
  return finalStates(g, source, decoderBlocksAt(g, source, hidden, causalView(g, mask), range, rows));
}

/** A decoder whose top blocks are trained (`tunedManifest`, fed at each run) on a frozen rest. */
export function tunedDecoder(
  g: GraphBuilder,
  weights: FrozenDecoder,
  trainableBlocks: number,
  blockBias?: BlockBias,
): DecoderSource {
  const { config } = weights;
  const manifest = tunedManifest(config, trainableBlocks);
  const tuned = new Set(manifest.map(({ name }) => name));
  const [frozen, trained] = [frozenParameters(g, weights), trainableParameters(g, manifest, { fewRows: 'perhaps' })];
  return { config, parameters: chosenParameters((name) => tuned.has(name), trained, frozen), blockBias };
}
