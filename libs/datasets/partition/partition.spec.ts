import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import type { Dataset, Example } from '../dataset.ts';
import { labelHistogram, majorityLabel } from '../label-histogram.ts';
import { majorityClassAccuracy } from './client-data.ts';
import { drawProportions } from './draw-cuts.ts';
import { generalTest } from './general-test.ts';
import { partition } from './partition.ts';
import type { PartitionOptions } from './partition.ts';

function datasetOf(trainCounts: readonly number[], testCounts: readonly number[] = trainCounts): Dataset {
  const rows = (split: string, counts: readonly number[]): Example[] =>
    counts.flatMap((count, label) =>
      Array.from({ length: count }, (_, index) => ({ text: `${split} ${label} ${index}`, label })),
    );
  return {
    labels: trainCounts.map((_, label) => `label ${label}`),
    train: rows('train', trainCounts),
    test: rows('test', testCounts),
    digest: 'sha256:',
    notes: [],
  };
}

const textsOf = (examples: readonly Example[]) => examples.map(({ text }) => text);

/** Reference: numerics of the symmetric Dirichlet distribution over K = 4. */
const MOMENTS = [
  { alpha: 0.1, variance: 0.1339286, squares: 0.7857143 },
  { alpha: 0.5, variance: 0.0625, squares: 0.5 },
  { alpha: 1, variance: 0.0375, squares: 0.4 },
  { alpha: 10, variance: 0.0045732, squares: 0.2682927 },
];

describe('drawProportions', () => {
  it.each(MOMENTS)('has the moments of Dir($alpha) over 4 clients', ({ alpha, variance, squares }) => {
    const draws = Array.from({ length: 4000 }, (_, attempt) =>
      drawProportions({ seed: 1, count: 4, dirichletAlpha: alpha, attempt }, 'World'),
    );
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const within4Sigma = (values: readonly number[], expected: number) => {
      const average = mean(values);
      const sd = Math.sqrt(mean(values.map((value) => (value - average) ** 2)));
      expect(Math.abs(average - expected)).toBeLessThan((4 * sd) / Math.sqrt(values.length));
    };
    within4Sigma(
      draws.map(([first = 0]) => first),
      0.25,
    );
    within4Sigma(
      draws.map(([first = 0]) => (first - 0.25) ** 2),
      variance,
    );
    within4Sigma(
      draws.map((shares) => shares.reduce((sum, share) => sum + share ** 2, 0)),
      squares,
    );
  });

  it('goes to one winner as alpha goes to 0, to equal shares for iid', () => {
    const winner = drawProportions({ seed: 1, count: 4, dirichletAlpha: 1e-4, attempt: 0 }, 'a');
    expect(Math.max(...winner)).toBeCloseTo(1, 12);
    expect(drawProportions({ seed: 1, count: 4, dirichletAlpha: 'iid', attempt: 0 }, 'a')).toEqual([
      0.25, 0.25, 0.25, 0.25,
    ]);
  });
});

describe('partition', () => {
  const options: PartitionOptions = { seed: 7, count: 4, dirichletAlpha: 0.5 };

  it('deals every training example to exactly one client, and to none a test example', () => {
    fc.assert(
      fc.property(
        fc.record({
          counts: fc.array(fc.integer({ min: 20, max: 90 }), { minLength: 2, maxLength: 6 }),
          seed: fc.integer({ min: 0, max: 1e6 }),
          count: fc.integer({ min: 1, max: 5 }),
          alpha: fc.constantFrom(0.3, 0.5, 1, 10, 'iid' as const),
          balanced: fc.boolean(),
        }),
        ({ counts, seed, count, alpha, balanced }) => {
          const dataset = datasetOf(counts);
          const clients = partition(dataset, { seed, count, dirichletAlpha: alpha, balanced, minimumExamples: 1 });
          expect([...clients.keys()]).toEqual(Array.from({ length: count }, (_, index) => `client-${index}`));
          const dealt = [...clients.values()].flatMap(({ train }) => textsOf(train));
          expect(dealt.sort()).toEqual(textsOf(dataset.train).sort());
          const tests = new Set(textsOf(dataset.test));
          for (const { personalTest } of clients.values()) {
            const texts = textsOf(personalTest);
            expect(new Set(texts).size).toBe(texts.length);
            expect(texts.every((text) => tests.has(text))).toBe(true);
          }
        },
      ),
      { numRuns: 60, seed: 1 },
    );
  });

  it('is the same for a seed, another for another', () => {
    const dataset = datasetOf([300, 300, 300, 300]);
    expect(partition(dataset, options)).toEqual(partition(dataset, options));
    expect(partition(dataset, { ...options, seed: 8 })).not.toEqual(partition(dataset, options));
  });

  it('gives everyone the minimum', () => {
    const dataset = datasetOf([200, 200, 200]);
    for (let seed = 0; seed < 40; seed += 1) {
      const sizes = [...partition(dataset, { ...options, seed, minimumExamples: 40 }).values()].map(
        ({ train }) => train.length,
      );
      expect(Math.min(...sizes)).toBeGreaterThanOrEqual(40);
    }
  });

  it('says so when the minimum cannot be had', () => {
    const dataset = datasetOf([30, 30]);
    const attempt = (changes: Partial<PartitionOptions>) => () => partition(dataset, { ...options, ...changes });
    expect(attempt({ minimumExamples: 16 })).toThrow(/4 clients of at least 16 examples need 64, and there are 60/);
    expect(attempt({ dirichletAlpha: 1e-3, minimumExamples: 1 })).toThrow(
      /leaves client-\d with no data at all.*Raise dirichletAlpha/,
    );
    expect(attempt({ dirichletAlpha: 0 })).toThrow(/dirichletAlpha is 0/);
    expect(attempt({ count: 0 })).toThrow(/number of clients is 0/);
    expect(attempt({ minimumExamples: 0 })).toThrow(/a client without data cannot train/);
  });

  it('evens out sizes when balanced', () => {
    const dataset = datasetOf([200, 200, 200]);
    const spread = (balanced: boolean) => {
      const sizes = [...partition(dataset, { ...options, balanced }).values()].map(({ train }) => train.length);
      return Math.max(...sizes) / Math.min(...sizes);
    };
    expect(spread(true)).toBeLessThan(spread(false));
  });

  it('gives equal mixes for iid', () => {
    const clients = partition(datasetOf([400, 200]), { ...options, dirichletAlpha: 'iid' });
    expect([...clients.values()].map(({ train }) => labelHistogram(train, 2))).toEqual(new Array(4).fill([100, 50]));
  });

  it('tests a client on its own label mix, to the rounding of whole examples', () => {
    const clients = partition(datasetOf([900, 900, 900, 900]), { ...options, personalTestLimit: 200 });
    for (const { train, personalTest } of clients.values()) {
      const own = labelHistogram(train, 4).map((count) => count / train.length);
      const tested = labelHistogram(personalTest, 4).map((count) => count / personalTest.length);
      expect(personalTest.length).toBeGreaterThan(150);
      expect(tested).toBeAllClose(own, { relative: 0, absolute: 1 / personalTest.length + 1e-9 });
    }
  });

  it('makes a personal test set smaller rather than bend its mix, but not for a label the client hardly has', () => {
    // One client holds 200 + 200 + 4 examples; the test rows are short of the second label and have none of the third.
    const dataset = datasetOf([200, 200, 4], [300, 50, 0]);
    const personalTest = partition(dataset, { ...options, count: 1 }).get('client-0')?.personalTest ?? [];
    expect(labelHistogram(personalTest, 3)).toEqual([50, 50, 0]);
  });

  it('refuses to leave a client untested', () => {
    const untestable = datasetOf([200, 200], [0, 50]);
    expect(() => partition(untestable, { ...options, dirichletAlpha: 0.01, count: 2, seed: 6 })).toThrow(
      /client-\d trains on the labels label 0, and the test set has no rows of them/,
    );
  });
});

describe('majorityClassAccuracy', () => {
  it('is what always answering the commonest training label scores on the personal test set', () => {
    const of = (...labels: number[]) => labels.map((label, index) => ({ text: String(index), label }));
    expect(majorityClassAccuracy({ train: of(0, 1, 1), personalTest: of(1, 1, 1, 0) })).toBe(0.75);
    expect(majorityLabel(of(2, 1, 2, 1))).toBe(1);
    expect(majorityLabel([])).toBe(-1);
  });
});

describe('generalTest', () => {
  it('has as many of each label, the same for a seed, within the limit', () => {
    const dataset = datasetOf([10, 10, 10], [100, 50, 80]);
    const drawn = generalTest(dataset, { seed: 7, limit: 100 });
    expect(labelHistogram(drawn, 3)).toEqual([33, 33, 33]);
    expect(generalTest(dataset, { seed: 7, limit: 100 })).toEqual(drawn);
    expect(new Set(textsOf(drawn)).size).toBe(99);
  });

  it('takes all there is of a rare label', () => {
    expect(labelHistogram(generalTest(datasetOf([10, 10], [100, 3]), { seed: 7, limit: 40 }), 2)).toEqual([20, 3]);
  });
});
