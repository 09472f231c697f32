import { compileModel, GraphBuilder, reshape, type OnnxModel } from '#autograd';
import type { NamedTensors } from '#parameters';

import type { EncoderWeights } from '../checkpoints/load-encoder.ts';
import { rewardHead } from '../encoder/build-preference-step.ts';
import { buildEncoder } from '../encoder/encoder-graph.ts';
import { frozenParameters } from '../graph-parameters.ts';
import { IDS, MASK } from './inference-graph.ts';

/**
 * One ONNX file that scores: `input_ids` and `attention_mask` int64 [batch, sequence] to `score` float32 [batch]. Every
 * weight is inside; with `fp16` the large ones are stored in half precision and widened when the file is opened.
 */
export function buildRewardModel(
  { config, tensors }: EncoderWeights,
  head: NamedTensors,
  precision: 'fp32' | 'fp16',
): OnnxModel {
  const g = new GraphBuilder('airtune-reward-model');
  const ids = g.input(IDS, 'int64', ['batch', 'sequence']);
  const mask = g.input(MASK, 'int64', ['batch', 'sequence']);
  const states = buildEncoder(g, config, frozenParameters(g, tensors), { ids, mask }, { firstTokenOnly: true });
  const values = new Map([...head].map(([name, tensor]) => [name, g.frozen(name, tensor)]));
  const score = reshape(g, rewardHead(g, reshape(g, states, ['batch', config.hidden]), values), ['batch']);
  return compileModel(g, { always: { score }, selfContained: true, halfPrecision: precision === 'fp16' });
}
