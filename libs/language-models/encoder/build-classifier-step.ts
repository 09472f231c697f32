import {
  argMax,
  cast,
  compare,
  compileModel,
  crossEntropy,
  gradients,
  GraphBuilder,
  reduceSum,
  reshape,
  type Dim,
  type Value,
} from '#autograd';

import type { FrozenEncoder } from '../checkpoints/load-encoder.ts';
import { adaptedNorm } from './adapter.ts';
import { classify } from './classification-head.ts';
import { buildEncoder, type EncoderHooks } from './encoder-graph.ts';
import { frozenParameters } from '../graph-parameters.ts';
import { gradientName, type StepModel } from './step-model.ts';

/** What is trained on a frozen encoder. */
export interface PersonalisationShape {
  /** An adapter in every block, of a width that each run chooses. */
  readonly adapters: boolean;
  /** Blocks (from 0 at the bottom) with a LoRA on query and value: the union over all clients. */
  readonly loraBlocks: readonly number[];
  readonly labels: number;
}

/**
 * A step of tuning a classifier on a frozen encoder: LoRA, adapters and head are trained.
 *
 * Inputs beyond StepModel's: `labels` int64 [batch] (−100: does not count); `loraScale` float32 [], alpha / rank, when
 * there are LoRA blocks. Trainable, as they are in `loraManifest`, `adapterManifest`, `headManifest`; a block's rank is
 * its own dimension `rank.<block>`, the adapters' is `width`. For a block in which a client has no LoRA, feed zeros of
 * rank 1 and leave the gradients alone.
 * Outputs beyond `loss` and the gradients: `logits` float32 [batch, labels], `correct` int64 [] (rows whose largest
 * logit is the label's).
 */
export function buildClassifierStep(weights: FrozenEncoder, shape: PersonalisationShape): StepModel {
  const { config } = weights;
  const g = new GraphBuilder('classifier-step');
  const trainable: Value[] = [];
  const train = (name: string, dims: readonly Dim[]): Value => {
    const value = g.trainable(name, dims);
    trainable.push(value);
    return value;
  };
  const ids = g.input('ids', 'int64', ['batch', 'sequence']);
  const mask = g.input('mask', 'int64', ['batch', 'sequence']);
  const labels = g.input('labels', 'int64', ['batch']);
  const training = g.input('train', 'bool', []);
  const hooks = personalHooks(g, config.hidden, shape, train);
  const states = buildEncoder(
    g,
    config,
    frozenParameters(g, weights),
    { ids, mask },
    { ...hooks, firstTokenOnly: true },
  );
  const logits = classify(g, reshape(g, states, ['batch', config.hidden]), {
    denseWeight: train('head.dense.weight', [config.hidden, config.hidden]),
    denseBias: train('head.dense.bias', [config.hidden]),
    outputWeight: train('head.output.weight', [config.hidden, shape.labels]),
    outputBias: train('head.output.bias', [shape.labels]),
  });
  const loss = crossEntropy(g, logits, labels);
  const correct = reduceSum(g, cast(g, compare(g, 'Equal', argMax(g, logits), labels), 'int64'), [0]);
  const slopes = gradients(g, loss, trainable);
  const model = compileModel(g, {
    always: { loss, logits, correct },
    when: {
      condition: training,
      outputs: Object.fromEntries(slopes.map((slope, i) => [gradientName(trainable[i]?.name ?? ''), slope])),
    },
  });
  return { model, trainable: trainable.map(({ name, shape: dims }) => ({ name, shape: dims })) };
}

function personalHooks(
  g: GraphBuilder,
  hidden: number,
  { adapters, loraBlocks }: PersonalisationShape,
  train: (name: string, dims: readonly Dim[]) => Value,
): EncoderHooks {
  const scale = loraBlocks.length === 0 ? undefined : g.input('loraScale', 'float32', []);
  const lowRank: EncoderHooks['lowRank'] = (target, block) => {
    if (scale === undefined || !loraBlocks.includes(block)) return undefined;
    const [name, rank] = [`lora.${String(block)}.${target}`, `rank.${String(block)}`];
    return { a: train(`${name}.a`, [rank, hidden]), b: train(`${name}.b`, [hidden, rank]), scale };
  };
  const finished: EncoderHooks['finished'] = (block, h, input, norm) => {
    const name = `adapter.${String(block)}`;
    return adaptedNorm(g, h, input, norm, {
      downWeight: train(`${name}.down.weight`, [hidden, 'width']),
      downBias: train(`${name}.down.bias`, ['width']),
      upWeight: train(`${name}.up.weight`, ['width', hidden]),
      upBias: train(`${name}.up.bias`, [hidden]),
    });
  };
  return adapters ? { lowRank, finished } : { lowRank };
}
