import { compileModel, crossEntropy, gradients, GraphBuilder, reshape, type Value } from '#autograd';
import type { TensorManifest } from '#parameters';

import { classify } from '../encoder/classification-head.ts';
import { gradientName, type StepModel } from '../encoder/step-model.ts';
import { chosenParameters, frozenParameters, trainableParameters } from '../graph-parameters.ts';
import { headManifest } from '../personalisation/head.ts';
import { tensorNamed } from '../tensor-named.ts';
import { statesToScore, trainedManifest, type RewardBase, type RewardConfig, type TrainedPart } from './reward-base.ts';

/** Names and shapes of what is trained: the base's part, then the head's. */
export function preferenceManifest(config: RewardConfig, part: TrainedPart): TensorManifest {
  return [...trainedManifest(config, part), ...rewardHeadManifest(config)];
}

/** The head of a reward model: a classification head of one output. */
export function rewardHeadManifest(config: { readonly hidden: number }): TensorManifest {
  return headManifest(config, 1);
}

/**
 * A step of training a reward model from ranked pairs: loss = mean −log σ(score of the chosen − score of the rejected)
 * (Bradley–Terry, as in Ouyang et al. 2022, eq. 1).
 *
 * Inputs as StepModel's, of which rows 2i and 2i + 1 are pair i: `ids` and `mask` int64 [2·pairs, sequence]; beyond them
 * `labels` int64 [pairs]: 0 where the first of the two is preferred, 1 where the second is. Outputs beyond `loss` and the
 * gradients: `scores` float32 [pairs, 2].
 */
export function buildPreferenceStep({ config, tensors }: RewardBase, part: TrainedPart): StepModel {
  const g = new GraphBuilder('preference-step');
  const ids = g.input('ids', 'int64', ['2*pairs', 'sequence']);
  const mask = g.input('mask', 'int64', ['2*pairs', 'sequence']);
  const labels = g.input('labels', 'int64', ['pairs']);
  const training = g.input('train', 'bool', []);
  const own = trainedManifest(config, part);
  const trained = new Set(own.map(({ name }) => name));
  const parameters = chosenParameters(
    (name) => trained.has(name),
    trainableParameters(g, own),
    frozenParameters(g, { tensors }),
  );
  const states = statesToScore(g, config, parameters, { ids, mask });
  const head = new Map(rewardHeadManifest(config).map(({ name, shape }) => [name, g.trainable(name, shape)]));
  const scores = reshape(g, rewardHead(g, states, head), ['pairs', 2]);
  const loss = crossEntropy(g, scores, labels);
  const manifest = preferenceManifest(config, part);
  const trainable = manifest.map(({ name }) => head.get(name) ?? parameters.tensor(name));
  const slopes = gradients(g, loss, trainable);
  const model = compileModel(g, {
    always: { loss, scores },
    when: {
      condition: training,
      outputs: Object.fromEntries(slopes.map((slope, i) => [gradientName(manifest[i]?.name ?? ''), slope])),
    },
  });
  return { model, trainable: manifest };
}

/** Scores [rows, 1] from the states [rows, hidden] of one token a row. */
export function rewardHead(g: GraphBuilder, first: Value, head: ReadonlyMap<string, Value>): Value {
  const tensor = (name: string): Value => tensorNamed(head, name);
  return classify(g, first, {
    denseWeight: tensor('head.dense.weight'),
    denseBias: tensor('head.dense.bias'),
    outputWeight: tensor('head.output.weight'),
    outputBias: tensor('head.output.bias'),
  });
}
