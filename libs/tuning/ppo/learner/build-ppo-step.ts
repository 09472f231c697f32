import {
  add,
  compileModel,
  gradients,
  GraphBuilder,
  matMul,
  reshape,
  tokenLogProbabilities,
  type OnnxModel,
  type Value,
} from '#autograd';
import {
  decoderSuffix,
  gradientName,
  tunedDecoder,
  tunedManifest,
  valueHeadManifest,
  type BlockBias,
  type FrozenDecoder,
} from '#language-models';
import { clippedLosses, type LossSettings } from '../numerics/clipped-losses.ts';

export interface PpoStepShape extends LossSettings {
  readonly trainableBlocks: number;
  /** At which completions are drawn: log-probabilities are those of what was sampled. */
  readonly temperature: number;
  readonly blockBias?: BlockBias | undefined;
}

/**
 * A step of PPO above the frozen prefix of a decoder.
 *
 * Inputs: `hidden` float32 [batch, sequence, hidden] and `mask` int64 [batch, sequence], from the prefix; `rows` int64
 * [tokens], the state from which each completion token was drawn, in the flattened [batch · sequence]; `tokens` int64
 * [tokens]; `oldLogProbabilities`, `oldValues`, `advantages`, `returns` float32 [tokens]; `train` bool []; the tensors of
 * `tunedManifest` and `valueHeadManifest`; `slopesWanted` bool []; `reuse` bool [] and `knownSlopes` float32
 * [tokens, hidden]: with it `oldLogProbabilities` and these, as an earlier run gave them under the same parameters, stand for
 * what would be computed from the table, which is half of a step. A run with `train` has one of the two.
 * Outputs: `logProbabilities` and `values` float32 [tokens] in every run; `slopes` [tokens, hidden], computed or known; when
 * `train` is true `loss`, `policyLoss`, `valueLoss`, `approximateKl`, `clippedFraction` float32 [] and `gradient.<name>` of
 * each trained tensor. A run without `train` costs the forward pass and gives the very log-probabilities of one with it, bit
 * for bit.
 */
export function buildPpoStep(weights: FrozenDecoder, shape: PpoStepShape): OnnxModel {
  const { config } = weights;
  const g = new GraphBuilder('ppo-step');
  const hidden = g.input('hidden', 'float32', ['batch', 'sequence', config.hidden]);
  const mask = g.input('mask', 'int64', ['batch', 'sequence']);
  const rows = g.input('rows', 'int64', ['tokens']);
  const tokens = g.input('tokens', 'int64', ['tokens']);
  const perToken = (name: string) => g.input(name, 'float32', ['tokens']);
  const old = {
    oldLogProbabilities: perToken('oldLogProbabilities'),
    oldValues: perToken('oldValues'),
    advantages: perToken('advantages'),
    returns: perToken('returns'),
  };
  const [training, slopesWanted, reuse] = (['train', 'slopesWanted', 'reuse'] as const).map((name) =>
    g.input(name, 'bool', []),
  ) as [Value, Value, Value];
  const knownSlopes = g.input('knownSlopes', 'float32', ['tokens', config.hidden]);

  const source = tunedDecoder(g, weights, shape.trainableBlocks, shape.blockBias);
  const states = decoderSuffix(g, source, shape.trainableBlocks, { hidden, mask, rows });
  const table = source.parameters.tensor('decoder.embeddings.word');
  const known = { logProbabilities: old.oldLogProbabilities, slopes: knownSlopes };
  const estimate = tokenLogProbabilities(
    g,
    { states, table, tokens },
    { slopesWanted, reuse, known },
    shape.temperature,
  );
  const { logProbabilities, slopes: tokenSlopes } = estimate;
  const [weight, bias] = valueHeadManifest(config).map(({ name, shape: dims }) => g.trainable(name, dims));
  if (weight === undefined || bias === undefined) throw new Error('A value head has a weight and a bias.');
  // Written so that the states are no left operand: a product of one column has bits that depend on the number of threads.
  const products = matMul(g, weight, states, { transA: true, transB: true });
  const values = reshape(g, add(g, products, bias), ['tokens']);

  const losses = clippedLosses(g, { logProbabilities, values, ...old }, shape);
  const trained = [
    ...tunedManifest(config, shape.trainableBlocks).map(({ name }) => source.parameters.tensor(name)),
    weight,
    bias,
  ];
  const slopes = gradients(g, losses.loss, trained).map((slope, i) => [gradientName(trained[i]?.name ?? ''), slope]);
  return compileModel(g, {
    always: { logProbabilities, values, slopes: tokenSlopes },
    when: { condition: training, outputs: { ...losses, ...(Object.fromEntries(slopes) as typeof old) } },
  });
}
