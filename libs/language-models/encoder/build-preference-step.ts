import { compileModel, crossEntropy, gradients, GraphBuilder, reshape, type Value } from '#autograd';
import type { TensorManifest } from '#parameters';

import type { EncoderConfig } from '../checkpoints/encoder-config.ts';
import type { EncoderWeights } from '../checkpoints/load-encoder.ts';
import { encoderManifest } from '../checkpoints/tensor-names.ts';
import { headManifest } from '../personalisation/head.ts';
import { classify } from './classification-head.ts';
import { buildEncoder } from './encoder-graph.ts';
import { chosenParameters, frozenParameters, trainableParameters } from '../graph-parameters.ts';
import { ModelError } from '../model-error.ts';
import { gradientName, type StepModel } from './step-model.ts';

/** How much of an encoder is trained beside the head: everything, embeddings too, or so many blocks from the top. */
export type TrainedPart = 'all' | number;

/** Names and shapes of what is trained: the encoder's part, then the head's. */
export function preferenceManifest(config: EncoderConfig, part: TrainedPart): TensorManifest {
  const isTrained = trainedBy(config, part);
  return [...encoderManifest(config).filter(({ name }) => isTrained(name)), ...rewardHeadManifest(config)];
}

/** The head of a reward model: a classification head of one output. */
export function rewardHeadManifest(config: EncoderConfig): TensorManifest {
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
export function buildPreferenceStep({ config, tensors }: EncoderWeights, part: TrainedPart): StepModel {
  const g = new GraphBuilder('preference-step');
  const ids = g.input('ids', 'int64', ['2*pairs', 'sequence']);
  const mask = g.input('mask', 'int64', ['2*pairs', 'sequence']);
  const labels = g.input('labels', 'int64', ['pairs']);
  const training = g.input('train', 'bool', []);
  const isTrained = trainedBy(config, part);
  const parameters = chosenParameters(
    isTrained,
    trainableParameters(g, encoderManifest(config)),
    frozenParameters(g, tensors),
  );
  const states = buildEncoder(g, config, parameters, { ids, mask }, { firstTokenOnly: true });
  const head = new Map(rewardHeadManifest(config).map(({ name, shape }) => [name, g.trainable(name, shape)]));
  const scores = reshape(g, rewardHead(g, reshape(g, states, ['2*pairs', config.hidden]), head), ['pairs', 2]);
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

/** Scores [rows, 1] from the first token's states [rows, hidden]. */
export function rewardHead(g: GraphBuilder, first: Value, head: ReadonlyMap<string, Value>): Value {
  const tensor = (name: string): Value => {
    const value = head.get(name);
    if (value === undefined) throw new ModelError('model.tensor-missing', `There is no tensor ${name}`);
    return value;
  };
  return classify(g, first, {
    denseWeight: tensor('head.dense.weight'),
    denseBias: tensor('head.dense.bias'),
    outputWeight: tensor('head.output.weight'),
    outputBias: tensor('head.output.bias'),
  });
}

/** The last block's key bias never matters: it adds the same to all scores of the one query. */
function trainedBy({ layers }: EncoderConfig, part: TrainedPart): (name: string) => boolean {
  const blocks = part === 'all' ? layers : part;
  return (name) => {
    if (name === `block.${layers - 1}.attention.key.bias`) return false;
    const [, block] = /^block\.(\d+)\./.exec(name) ?? [];
    return block === undefined ? part === 'all' : Number(block) >= layers - blocks;
  };
}
