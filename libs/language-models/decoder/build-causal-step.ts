import {
  argMax,
  cast,
  compare,
  compileModel,
  crossEntropy,
  gradients,
  GraphBuilder,
  reduceSum,
  type Value,
} from '#autograd';
import type { NamedTensors } from '#parameters';

import { gradientName, type StepModel } from '../encoder/step-model.ts';
import { trainableParameters } from '../graph-parameters.ts';
import { causalView, type BlockBias } from './attention-view.ts';
import type { DecoderConfig } from './decoder-config.ts';
import { decoderBlocks, embedTokens, vocabularyLogits, type DecoderSource } from './decoder-graph.ts';
import { decoderManifest, firstTunedBlock, tunedManifest } from './decoder-tensors.ts';
import { decoderSuffix, tunedDecoder } from './prefix-and-suffix.ts';

/**
 * A step of next-token prediction. All tensors of `decoderManifest` are trained, or, where `frozen` gives them and a number of
 * blocks, those of `tunedManifest` on top of a frozen rest.
 *
 * Inputs beyond StepModel's (padding may be on either side): `rows` int64 [rows], the tokens whose successors are predicted (their
 * index in the flattened [batch · sequence]), and `targets` int64 [rows], those successors (−100: does not count). Only those rows go
 * through the head. Outputs beyond `loss` and the gradients: `correct` int64 [] (targets that have the largest logit).
 */
export function buildCausalStep(config: DecoderConfig, frozen?: FrozenPart): StepModel {
  const g = new GraphBuilder('causal-step');
  const ids = g.input('ids', 'int64', ['batch', 'sequence']);
  const mask = g.input('mask', 'int64', ['batch', 'sequence']);
  const rows = g.input('rows', 'int64', ['rows']);
  const targets = g.input('targets', 'int64', ['rows']);
  const training = g.input('train', 'bool', []);
  const blocks = frozen?.trainableBlocks ?? config.layers;
  const manifest = frozen === undefined ? decoderManifest(config) : tunedManifest(config, blocks);
  const source: DecoderSource =
    frozen === undefined
      ? { config, parameters: trainableParameters(g, manifest) }
      : tunedDecoder(g, { config, tensors: frozen.tensors }, blocks, frozen.blockBias);
  const range = { from: 0, to: firstTunedBlock(config, blocks) };
  const hidden = decoderBlocks(g, source, embedTokens(g, source, ids, mask), causalView(g, mask), range);
  const logits = vocabularyLogits(source, decoderSuffix(g, source, blocks, { hidden, mask, rows }));
  const loss = crossEntropy(g, logits, targets);
  const correct = reduceSum(g, cast(g, compare(g, 'Equal', argMax(g, logits), targets), 'int64'), [0]);
  const trainable = manifest.map(({ name }) => source.parameters.tensor(name));
  const outputs = gradients(g, loss, trainable).map((slope, i) => [gradientName(trainable[i]?.name ?? ''), slope]);
  const model = compileModel(g, {
    always: { loss, correct },
    when: { condition: training, outputs: Object.fromEntries(outputs) as Record<string, Value> },
  });
  return { model, trainable: manifest };
}

/** What stays as it is, and how many blocks at the top do not. */
export interface FrozenPart {
  readonly tensors: NamedTensors;
  readonly trainableBlocks: number;
  readonly blockBias?: BlockBias | undefined;
}
