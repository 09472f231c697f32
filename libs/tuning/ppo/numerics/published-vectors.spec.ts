import { compileModel, gradients, GraphBuilder, Session, type Feed } from '#autograd';
import { describe, expect, it } from '@jest/globals';
import { clippedLosses } from './clipped-losses.ts';
import { estimateAdvantages, type RewardSettings, type ScoredTokens } from './estimate-advantages.ts';
import { generalisedAdvantages } from './generalised-advantages.ts';
import { klEstimate } from './kl-estimate.ts';
import { nextKlCoefficient } from './kl-coefficient.ts';
import { tokenRewards } from './token-rewards.ts';
import { whiten } from './whiten.ts';

/** One completion of four tokens, worked through with the formulas of TRL's last PPO trainer. */
const logProbabilities = Float32Array.of(-1.2, -0.5, -2, -0.8);
const reference = Float32Array.of(-1, -0.7, -1.5, -1);
const values = Float32Array.of(0.1, 0.2, 0.3, 0.4);
const settings: RewardSettings = {
  gamma: 1,
  lambda: 0.95,
  klEstimator: 'k1',
  klCoefficient: 0.05,
  whitenRewards: false,
};
const drawn: ScoredTokens = { lengths: [4], logProbabilities, reference, values, scores: [2] };

describe('PPO from scores to advantages', () => {
  it('estimates KL by both estimators', () => {
    expect(klEstimate('k1', logProbabilities, reference)).toBeAllClose([-0.2, 0.2, -0.5, 0.2]);
    const k3 = [0.0214027582, 0.0187307531, 0.1487212707, 0.0187307531];
    expect(klEstimate('k3', logProbabilities, reference)).toBeAllClose(k3);
  });

  it('takes the penalty off every token and gives the score to the last', () => {
    const rewards = tokenRewards(klEstimate('k1', logProbabilities, reference), 0.05, 2);
    expect(rewards).toBeAllClose([0.01, -0.01, 0.025, 1.99]);
    expect(tokenRewards(new Float32Array(), 0.05, 2)).toHaveLength(0);
  });

  it('estimates advantages backwards, and returns from them before whitening', () => {
    const found = generalisedAdvantages(Float64Array.of(0.01, -0.01, 0.025, 1.99), values, settings);
    expect(found.advantages).toBeAllClose([1.67153875, 1.643725, 1.6355, 1.59]);
    expect(found.returns).toBeAllClose([1.77153875, 1.843725, 1.9355, 1.99]);
    expect(whiten(found.advantages)).toBeAllClose([1.0739667595, 0.2521554619, 0.0091318522, -1.3352540736]);
  });

  it('does all of it in turn', () => {
    const found = estimateAdvantages(drawn, settings);
    expect(found.advantages).toBeAllClose([1.0739667595, 0.2521554619, 0.0091318522, -1.3352540736], {
      absolute: 3e-6,
    });
    expect(found.returns).toBeAllClose([1.77153875, 1.843725, 1.9355, 1.99]);
    expect(found.kl).toBeCloseTo(0.0214027582 + 2 * 0.0187307531 + 0.1487212707, 6);
  });

  it('never lets one completion see another', () => {
    const twice = (x: Float32Array): Float32Array => Float32Array.of(...x, ...x);
    const pair = estimateAdvantages(
      {
        lengths: [4, 4],
        logProbabilities: twice(logProbabilities),
        reference: twice(reference),
        values: twice(values),
        scores: [2, 2],
      },
      settings,
    );
    expect(pair.returns).toBeAllClose([...estimateAdvantages(drawn, settings).returns, ...pair.returns.subarray(4)]);
    expect(pair.returns.subarray(0, 4)).toEqual(pair.returns.subarray(4));
  });

  it('whitens rewards to unit variance about their own mean', () => {
    const rewards = whiten(Float64Array.of(1, 2, 3, 4), { keepMean: true });
    const mean = rewards.reduce((total, reward) => total + reward, 0) / 4;
    expect(mean).toBeCloseTo(2.5, 9);
    expect(rewards[3]! - rewards[0]!).toBeCloseTo(3 / Math.sqrt(5 / 3), 6);
    const whitened = estimateAdvantages(drawn, { ...settings, whitenRewards: true });
    expect(whitened.returns).not.toEqual(estimateAdvantages(drawn, settings).returns);
  });

  it('steers the coefficient towards its target by at most a fifth a horizon', () => {
    const target = { target: 6, horizon: 10_000 };
    expect(nextKlCoefficient(0.2, 12, 256, target)).toBeCloseTo(0.2 * (1 + (0.2 * 256) / 10_000), 12);
    expect(nextKlCoefficient(0.2, 6, 256, target)).toBe(0.2);
    expect(nextKlCoefficient(0.2, 0, 256, target)).toBeCloseTo(0.2 * (1 - (0.2 * 256) / 10_000), 12);
  });
});

describe('the clipped losses', () => {
  const old = {
    oldLogProbabilities: logProbabilities,
    oldValues: values,
    advantages: Float32Array.of(1.0739667595, 0.2521554619, 0.0091318522, -1.3352540736),
    returns: Float32Array.of(1.77153875, 1.843725, 1.9355, 1.99),
  };

  async function run(now: Readonly<Record<'logProbabilities' | 'values', Float32Array>>) {
    const g = new GraphBuilder();
    const input = (name: keyof typeof old) => g.input(name, 'float32', [4]);
    const trained = { logProbabilities: g.trainable('logProbabilities', [4]), values: g.trainable('values', [4]) };
    const losses = clippedLosses(
      g,
      {
        ...trained,
        oldLogProbabilities: input('oldLogProbabilities'),
        oldValues: input('oldValues'),
        advantages: input('advantages'),
        returns: input('returns'),
      },
      { clip: 0.2, valueClip: 0.2, valueCoefficient: 0.1 },
    );
    const [policySlope, valueSlope] = gradients(g, losses.loss, [trained.logProbabilities, trained.values]);
    const always = { ...losses, policySlope: policySlope!, valueSlope: valueSlope! };
    const session = await Session.open(compileModel(g, { always }));
    const feeds: Record<string, Feed> = {};
    for (const [name, data] of Object.entries({ ...old, ...now })) feeds[name] = { shape: [data.length], data };
    const out = await session.run(feeds);
    await session.close();
    return Object.fromEntries(Object.entries(out).map(([name, { data }]) => [name, data as Float32Array]));
  }

  it('are those of the published vector, with the gradients that PyTorch gives', async () => {
    const out = await run({
      logProbabilities: Float32Array.of(-1, -0.9, -1.9, -0.5),
      values: Float32Array.of(0.5, 0.1, 0.3, 0.9),
    });
    expect(out['policyLoss']!).toBeAllClose([0.0836318105]);
    expect(out['valueLoss']!).toBeAllClose([1.2266204273]);
    expect(out['loss']!).toBeAllClose([0.2062938532]);
    expect(out['approximateKl']!).toBeAllClose([0.0375]);
    expect(out['clippedFraction']!).toBeAllClose([0.25]);
    expect(out['policySlope']!).toBeAllClose([0, -0.0422562152, -0.0025230644, 0.4506011179]);
    expect(out['valueSlope']!).toBeAllClose([0, -0.043593125, -0.0408875, 0]);
  });

  it('begin at ratio 1: nothing is clipped, and the slope is that of the plain policy gradient', async () => {
    const out = await run({ logProbabilities, values });
    expect([...out['clippedFraction']!, ...out['approximateKl']!]).toEqual([0, 0]);
    expect(out['policySlope']!).toBeAllClose([...old.advantages].map((advantage) => -advantage / 4));
  });
});
