import { describe, expect, it } from '@jest/globals';
import { fromDecibels } from './decibels.ts';
import { delayCdf, delayQuantile, slowestDelayQuantile } from './quasi-static-delay.ts';

const g = fromDecibels(5);
const digits = { relative: 1e-7, absolute: 0 };

describe('the delay of a transfer under one fade, in units of S/B, at 5 dB', () => {
  it('has these quantiles', () => {
    expect([0.05, 0.5, 0.9, 0.95, 0.99].map((p) => delayQuantile(g, p))).toBeAllClose(
      [0.2951028, 0.5972195, 2.4103894, 4.6112088, 22.154225],
      digits,
    );
  });

  it('has these for the slowest of four', () => {
    expect([0.5, 0.9, 0.95].map((p) => slowestDelayQuantile(g, p, 4))).toBeAllClose(
      [1.5863253, 8.6635666, 17.437536],
      digits,
    );
  });

  it('has a distribution function that undoes the quantiles', () => {
    expect([0.01, 0.3, 0.99].map((p) => delayCdf(g, delayQuantile(g, p)))).toBeAllClose([0.01, 0.3, 0.99], digits);
    expect(delayCdf(g, 0)).toBe(0);
  });

  it('falls like ln 2/(g t) in the tail, which is why its mean is infinite', () => {
    expect([(1 - delayCdf(g, 1e6)) * 1e6]).toBeAllClose([Math.LN2 / g], { relative: 1e-5, absolute: 0 });
  });
});
