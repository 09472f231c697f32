import { compileModel, GraphBuilder, reshape, type OnnxModel } from '#autograd';
import type { NamedTensors } from '#parameters';

import { IDS, MASK } from '../export/inference-graph.ts';
import { frozenParameters } from '../graph-parameters.ts';
import { rewardHead } from './build-preference-step.ts';
import { statesToScore, type RewardBase } from './reward-base.ts';

/**
 * One ONNX file that scores: `input_ids` and `attention_mask` int64 [batch, sequence] to `score` float32 [batch]. Every
 * weight is inside; with `fp16` the large ones are stored in half precision and widened when the file is opened.
 */
export function buildRewardModel(
  { config, tensors }: RewardBase,
  head: NamedTensors,
  precision: 'fp32' | 'fp16',
): OnnxModel {
  const g = new GraphBuilder('airtune-reward-model');
  const ids = g.input(IDS, 'int64', ['batch', 'sequence']);
  const mask = g.input(MASK, 'int64', ['batch', 'sequence']);
  const states = statesToScore(g, config, frozenParameters(g, { tensors }), { ids, mask });
  const values = new Map([...head].map(([name, tensor]) => [name, g.frozen(name, tensor)]));
  const score = reshape(g, rewardHead(g, states, values), ['batch']);
  return compileModel(g, { always: { score }, selfContained: true, halfPrecision: precision === 'fp16' });
}
