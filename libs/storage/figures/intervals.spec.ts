import { describe, expect, it } from '@jest/globals';
import { meanInterval } from './mean-interval.ts';
import { rewardGain } from './reward-gain.ts';

describe('the interval of a mean', () => {
  it('is Student’s', () => {
    // scipy.stats.t.interval(0.95, 3, loc=2.5, scale=scipy.stats.sem([1, 2, 3, 4]))
    const { mean, low, high } = meanInterval([1, 2, 3, 4]);
    expect([mean, low!, high!]).toBeAllClose([2.5, 0.4457397432391206, 4.554260256760879], { relative: 1e-9 });
  });

  it('is unknown from one value', () => {
    expect(meanInterval([0.5])).toEqual({ mean: 0.5, values: 1 });
  });
});

describe('the gain in reward', () => {
  const rewards = (each: readonly number[]) => ({
    completions: each.length,
    emptyCompletions: 0,
    weighted: 0,
    mean: 0,
    components: {},
    each,
  });
  const client = (before: readonly number[], after: readonly number[]) => ({
    rewardFirst: rewards(before),
    reward: rewards(after),
  });

  it('is judged instruction by instruction, on the mean over clients', () => {
    const gain = rewardGain([client([0, 0, 0, 0], [1, 2, 3, 4]), client([1, 1, 1, 1], [2, 3, 4, 5])])!;
    expect([gain.mean, gain.low, gain.high]).toBeAllClose([2.5, 0.4457397432391206, 4.554260256760879], {
      relative: 1e-9,
    });
    expect(gain).toMatchObject({ instructions: 4, isShown: true });
    expect(rewardGain([client([0, 0, 0, 0], [-1, 1, -1, 1.2])])).toMatchObject({ isShown: false });
  });

  it('is unknown where nothing was measured before and after', () => {
    expect(rewardGain([{ reward: rewards([1, 2]), rewardFirst: null }])).toBeUndefined();
    expect(rewardGain([client([1], [2])])).toBeUndefined();
  });
});
