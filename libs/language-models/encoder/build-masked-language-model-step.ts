import {
  argMax,
  cast,
  compare,
  compileModel,
  crossEntropy,
  gather,
  gelu,
  geluTanh,
  gemm,
  gradients,
  GraphBuilder,
  layerNorm,
  reduceSum,
  relu,
  reshape,
  type Value,
} from '#autograd';

import type { EncoderConfig } from '../checkpoints/encoder-config.ts';
import { encoderManifest, maskedLanguageModelManifest } from '../checkpoints/tensor-names.ts';
import { buildEncoder } from './encoder-graph.ts';
import { trainableParameters, type GraphParameters } from '../graph-parameters.ts';
import { gradientName, type StepModel } from './step-model.ts';

/**
 * A step of masked-language-model pre-training, in which everything is trained: the tensors of `encoderManifest` and
 * `maskedLanguageModelManifest`, by their names.
 *
 * Inputs beyond StepModel's: `rows` int64 [masked], where the masked tokens are (their index in the flattened
 * [batch · sequence]), and `targets` int64 [masked], what they were (−100: does not count). Only those rows go through
 * the head. Outputs beyond `loss` and the gradients: `correct` int64 [] (masked tokens whose largest logit is right).
 */
export function buildMaskedLanguageModelStep(config: EncoderConfig): StepModel {
  const g = new GraphBuilder('masked-language-model-step');
  const ids = g.input('ids', 'int64', ['batch', 'sequence']);
  const mask = g.input('mask', 'int64', ['batch', 'sequence']);
  const rows = g.input('rows', 'int64', ['masked']);
  const targets = g.input('targets', 'int64', ['masked']);
  const training = g.input('train', 'bool', []);
  const manifest = [...encoderManifest(config), ...maskedLanguageModelManifest(config)];
  const parameters = trainableParameters(g, manifest);
  const states = buildEncoder(g, config, parameters, { ids, mask });
  const masked = gather(g, reshape(g, states, ['batch*sequence', config.hidden]), rows);
  const logits = wordLogits(g, config, parameters, masked);
  const loss = crossEntropy(g, logits, targets);
  const correct = reduceSum(g, cast(g, compare(g, 'Equal', argMax(g, logits), targets), 'int64'), [0]);
  const trainable = manifest.map(({ name }) => parameters.tensor(name));
  const outputs = gradients(g, loss, trainable).map((slope, i) => [gradientName(trainable[i]?.name ?? ''), slope]);
  const model = compileModel(g, {
    always: { loss, correct },
    when: { condition: training, outputs: Object.fromEntries(outputs) as Record<string, Value> },
  });
  return { model, trainable: manifest };
}

/** Logits [masked, vocabulary]: dense, activation, norm, then the word embeddings themselves, transposed, and a bias. */
function wordLogits(g: GraphBuilder, config: EncoderConfig, parameters: GraphParameters, x: Value): Value {
  const activate = { gelu, gelu_new: geluTanh, relu }[config.activation];
  const transformed = layerNorm(g, activate(g, parameters.linear(x, 'mlm.dense')), {
    weight: parameters.tensor('mlm.norm.weight'),
    bias: parameters.tensor('mlm.norm.bias'),
    epsilon: config.layerNormEpsilon,
  });
  return gemm(g, transformed, parameters.tensor('embeddings.word'), parameters.tensor('mlm.bias'), { transB: true });
}
