import { describe, expect, it } from '@jest/globals';
import { calibrationOf, momentsOf } from './calibration.ts';
import { pairAccuracy } from './pair-accuracy.ts';

describe('pair accuracy', () => {
  it("has Wilson's interval where every prompt has one pair", () => {
    // Newcombe 1998, table I: 81 of 263, method 3.
    const differences = Array.from({ length: 263 }, (_, i) => (i < 81 ? 1 : -1));
    const { accuracy, interval } = pairAccuracy(
      differences,
      differences.map((_, i) => String(i)),
    );
    expect([accuracy]).toBeAllClose([81 / 263]);
    expect([interval.low, interval.high]).toBeAllClose([0.2553, 0.3662], { absolute: 5e-5 });
  });

  it('counts a tie half', () => {
    expect(pairAccuracy([1, 0, 0, -1], ['a', 'b', 'c', 'd']).accuracy).toBe(0.5);
  });

  it('trusts many pairs of few prompts no more than as many prompts', () => {
    // 20 prompts, each with 50 pairs that all stand or fall together: 20 trials, less the degree of freedom of the mean.
    const clustered = pairAccuracy(
      Array.from({ length: 1000 }, (_, i) => (Math.floor(i / 50) < 14 ? 1 : -1)),
      Array.from({ length: 1000 }, (_, i) => String(Math.floor(i / 50))),
    );
    const [z, n] = [1.959963984540054, 19];
    const half = (z / (1 + z ** 2 / n)) * Math.sqrt(0.21 / n + (z / (2 * n)) ** 2);
    const centre = (0.7 + z ** 2 / (2 * n)) / (1 + z ** 2 / n);
    expect([clustered.interval.low, clustered.interval.high]).toBeAllClose([centre - half, centre + half]);
    expect(clustered).toMatchObject({ accuracy: 0.7, pairs: 1000, prompts: 20 });
  });

  it('stays below certainty when all pairs are right', () => {
    const { interval } = pairAccuracy([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], Array.from('abcdefghij'));
    // n / (n + z²)
    expect([interval.low, interval.high]).toBeAllClose([10 / (10 + 1.959963984540054 ** 2), 1]);
  });
});

describe('calibration', () => {
  it('is perfect when differences are the log odds of being right', () => {
    const odds = Math.log(3);
    const { calibrationError, logLoss } = calibrationOf([odds, odds, odds, -odds]);
    expect([calibrationError, logLoss]).toBeAllClose([0, -0.75 * Math.log(0.75) - 0.25 * Math.log(0.25)], {
      absolute: 1e-12,
    });
  });

  it('is off by how much more sure than right the scores are', () => {
    expect([calibrationOf([50, -50]).calibrationError]).toBeAllClose([0.5]);
    expect(calibrationOf([800, -800])).toMatchObject({ logLoss: 400 });
  });

  it('standardises to mean 0 and deviation 1', () => {
    expect(momentsOf([1, 3, 5, 7])).toEqual({ mean: 4, deviation: Math.sqrt(5) });
  });
});
