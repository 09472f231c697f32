import { describe, expect, it } from '@jest/globals';
import { type Crossing, drawFades } from './fades.ts';

const rayleigh = { fading: 'rayleigh', mode: 'block' } as const;
const crossing: Crossing = { seed: 7, client: 'client-0', round: 1, direction: 'uplink' };
const first = (gains: (block: number) => number, count: number): number[] =>
  Array.from({ length: count }, (_, block) => gains(block));

describe('fades', () => {
  it('are the same in whatever order blocks are asked for', () => {
    const forwards = first(drawFades(rayleigh, crossing), 100);
    const backwards = drawFades(rayleigh, crossing);
    for (let block = 99; block >= 0; block--) expect(backwards(block)).toBe(forwards[block]);
  });

  it('differ by seed, client, round, direction and block', () => {
    const others: Crossing[] = [
      { ...crossing, seed: 8 },
      { ...crossing, client: 'client-1' },
      { ...crossing, round: 2 },
      { ...crossing, direction: 'downlink' },
    ];
    const gains = [crossing, ...others].flatMap((one) => first(drawFades(rayleigh, one), 10));
    expect(new Set(gains).size).toBe(50);
  });

  it('have mean 1, variance 1, no correlation from block to block, and stay above 0', () => {
    const n = 200_000;
    const gains = first(drawFades(rayleigh, crossing), n);
    const mean = gains.reduce((sum, gain) => sum + gain, 0) / n;
    const variance = gains.reduce((sum, gain) => sum + (gain - 1) ** 2, 0) / n;
    const lag = gains.slice(1).reduce((sum, gain, i) => sum + (gain - 1) * ((gains[i] ?? 0) - 1), 0) / n;
    // The fourth central moment of Exp(1) is 9.
    expect([mean, variance, lag]).toBeAllClose([1, 1, 0], { relative: 0, absolute: (4 * Math.sqrt(8)) / Math.sqrt(n) });
    expect(gains.every((gain) => gain > 0)).toBe(true);
  });

  it('hold for the whole transfer in quasi-static mode, at the gain of block 0', () => {
    const gains = first(drawFades({ fading: 'rayleigh', mode: 'quasi-static' }, crossing), 3);
    expect(new Set(gains)).toEqual(new Set([drawFades(rayleigh, crossing)(0)]));
  });

  it('are 1 without fading', () => {
    expect(first(drawFades({ fading: 'none', mode: 'block' }, crossing), 3)).toEqual([1, 1, 1]);
  });
});
