import { describe, expect, it } from '@jest/globals';
import { dirichlet } from './dirichlet.ts';
import { normalQuantile } from './normal-quantile.ts';
import { randomStream } from './philox-stream.ts';

const N = 100_000;
const draw = (next: () => number): number[] => Array.from({ length: N }, next);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: readonly number[]): number => {
  const centre = mean(values);
  return mean(values.map((value) => (value - centre) ** 2));
};
/** Within four standard errors of the expected mean: the seeds are fixed, so this either holds for ever or never. */
const expectMean = (values: readonly number[], expected: number, standardDeviation: number): void => {
  expect(Math.abs(mean(values) - expected)).toBeLessThan((4 * standardDeviation) / Math.sqrt(values.length));
};
/** Kolmogorov-Smirnov: sup |F_n - F| · sqrt(n) exceeds 1.95 with probability 0.001. */
const expectDistribution = (values: readonly number[], cdf: (x: number) => number): void => {
  const sorted = values.toSorted((a, b) => a - b);
  const gaps = sorted.map((x, i) => Math.max(Math.abs(cdf(x) - i / N), Math.abs((i + 1) / N - cdf(x))));
  expect(gaps.reduce((a, b) => Math.max(a, b)) * Math.sqrt(N)).toBeLessThan(1.95);
};

describe('a random stream', () => {
  it('is fixed by its key: these very numbers, on every machine', () => {
    const stream = randomStream(7, 'test', 'client-0', 3);
    expect([stream.uniform(), stream.uniform(), stream.uniform()]).toMatchInlineSnapshot(`
     [
       0.11840828278266435,
       0.4026845137832068,
       0.3999592277217401,
     ]
    `);
    expect(randomStream(7, 'test', 'client-0', 3).shuffle([0, 1, 2, 3, 4, 5, 6, 7])).toMatchInlineSnapshot(`
     [
       0,
       2,
       1,
       5,
       6,
       4,
       3,
       7,
     ]
    `);
  });

  it('differs by seed, purpose and each coordinate, and tells 1 from "1"', () => {
    const first = (...key: Parameters<typeof randomStream>): number => randomStream(...key).uniform();
    const draws = [
      first(1, 'a', 1),
      first(2, 'a', 1),
      first(1, 'b', 1),
      first(1, 'a', 2),
      first(1, 'a', '1'),
      first(1, 'a'),
    ];
    expect(new Set(draws).size).toBe(draws.length);
  });

  it('refuses a coordinate that JSON cannot tell from another', () => {
    expect(() => randomStream(Number.NaN, 'test')).toThrow('must be finite');
  });

  it('reads any position without moving', () => {
    const stream = randomStream(1, 'access');
    const ahead = [0, 1, 2, 3, 4, 5].map((index) => stream.uniformAt(index));
    expect(stream.uniformAt(2 ** 40)).not.toBe(stream.uniformAt(2 ** 40 + 2 ** 33));
    expect([5, 4, 3, 2, 1, 0].map((index) => stream.uniformAt(index))).toEqual(ahead.toReversed());
    expect(ahead.map(() => stream.uniform())).toEqual(ahead);
  });

  it('is uniform, and its neighbours are uncorrelated', () => {
    const stream = randomStream(1, 'uniform');
    const values = draw(() => stream.uniform());
    expectDistribution(values, (x) => x);
    const products = values.slice(1).map((value, i) => (value - 0.5) * ((values[i] ?? 0) - 0.5));
    expectMean(products, 0, 1 / 12);
  });

  it('is uncorrelated with the stream of the next round', () => {
    const here = randomStream(1, 'fade', 'client-0', 1);
    const next = randomStream(1, 'fade', 'client-0', 2);
    expectMean(
      draw(() => (here.uniform() - 0.5) * (next.uniform() - 0.5)),
      0,
      1 / 12,
    );
  });

  it('draws normal numbers', () => {
    const stream = randomStream(1, 'normal');
    const values = draw(() => stream.normal());
    expectMean(values, 0, 1);
    expect([variance(values)]).toBeAllClose([1], { absolute: 4 * Math.sqrt(2 / N) });
    expectMean(
      values.map((value) => value ** 4),
      3,
      Math.sqrt(96),
    );
    expectMean(
      values.map((value) => (Math.abs(value) > 1.959963984540054 ? 1 : 0)),
      0.05,
      Math.sqrt(0.05 * 0.95),
    );
  });

  it('draws exponential numbers', () => {
    const stream = randomStream(1, 'exponential');
    expectDistribution(
      draw(() => stream.exponential()),
      (x) => -Math.expm1(-x),
    );
  });

  it.each([0.1, 0.5, 1, 2.5, 40])('draws gamma numbers of shape %d', (shape) => {
    const stream = randomStream(1, 'gamma', shape);
    const values = draw(() => stream.gamma(shape));
    expectMean(values, shape, Math.sqrt(shape));
    // The fourth central moment of Gamma(a) is 3a^2 + 6a.
    expect([variance(values)]).toBeAllClose([shape], { absolute: 4 * Math.sqrt((2 * shape * shape + 6 * shape) / N) });
  });

  it('draws a gamma number of shape 1 as an exponential one', () => {
    const stream = randomStream(2, 'gamma', 1);
    expectDistribution(
      draw(() => stream.gamma(1)),
      (x) => -Math.expm1(-x),
    );
  });

  it('keeps gamma numbers of tiny shapes apart by their logarithms', () => {
    const stream = randomStream(1, 'tiny');
    const logs = draw(() => stream.logGamma(0.001));
    // E[ln Gamma(a)] = digamma(a) = -1000.5755719 at a = 0.001; its variance is trigamma(a), about 1e6.
    expectMean(logs, -1000.5755719, 1000.0008);
  });

  it('draws integers evenly', () => {
    const stream = randomStream(1, 'integer');
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < N; i++) {
      const drawn = stream.integer(7);
      counts[drawn] = (counts[drawn] ?? 0) + 1;
    }
    const chiSquare = counts.reduce((sum, count) => sum + (count - N / 7) ** 2 / (N / 7), 0);
    expect(chiSquare).toBeLessThan(22.46); // 0.999 quantile, 6 degrees of freedom
    expect(stream.integer(1)).toBe(0);
    expect(() => stream.integer(0)).toThrow('below 0');
  });

  it('shuffles evenly and leaves its argument alone', () => {
    const stream = randomStream(1, 'shuffle');
    const items = ['a', 'b', 'c'];
    const counts = new Map<string, number>();
    for (let i = 0; i < 60_000; i++) {
      const order = stream.shuffle(items).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(items).toEqual(['a', 'b', 'c']);
    expect(counts.size).toBe(6);
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquare).toBeLessThan(20.52); // 0.999 quantile, 5 degrees of freedom
  });
});

describe('the normal quantile', () => {
  it('equals reference values', () => {
    // scipy.special.ndtri; the last is at the smallest probability that a stream can draw, 2^-54.
    const offsets = [0, 0.25, 0.425, 0.475, 0.499, -0.4999999, -0.5 + 2 ** -54];
    expect(offsets.map(normalQuantile)).toBeAllClose(
      [
        0, 0.6744897501960817, 1.4395314709384563, 1.959963984540054, 3.090232306167813, -5.1993375821928165,
        -8.292361075813597,
      ],
      { relative: 1e-9, absolute: 0 },
    );
  });
});

describe('a Dirichlet draw', () => {
  it('has the mean and the variance of its distribution', () => {
    const stream = randomStream(1, 'dirichlet');
    const [alpha, count] = [0.5, 4];
    const shares = Array.from({ length: 20_000 }, () => dirichlet(stream, alpha, count));
    for (let k = 0; k < count; k++) {
      const column = shares.map((share) => share[k] ?? 0);
      const expectedVariance = ((1 / count) * (1 - 1 / count)) / (alpha * count + 1);
      expectMean(column, 1 / count, Math.sqrt(expectedVariance));
      expect([variance(column)]).toBeAllClose([expectedVariance], { relative: 0.04 });
    }
    expect(shares.every((share) => Math.abs(share.reduce((a, b) => a + b, 0) - 1) < 1e-12)).toBe(true);
  });

  it('still names one winner where gamma numbers underflow', () => {
    const share = dirichlet(randomStream(1, 'dirichlet'), 1e-4, 10);
    expect(Math.max(...share)).toBeGreaterThan(0.999);
  });
});
