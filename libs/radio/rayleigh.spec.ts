import { describe, expect, it } from '@jest/globals';
import { fromDecibels } from './decibels.ts';
import { scaledE1 } from './exponential-integral.ts';
import {
  awgnCapacity,
  epsilonOutageRate,
  ergodicCapacity,
  fixedRateGoodput,
  goodputOptimalRate,
  outageProbability,
} from './rayleigh.ts';

const g = fromDecibels(5);
const digits = { relative: 1e-9, absolute: 0 };

describe('the exponential integral', () => {
  it('equals the tables on both sides of the change of method', () => {
    // E1(x), Abramowitz and Stegun, tables 5.1 and 5.2, digits of scipy.special.exp1.
    const x = [1e-6, 0.1, 0.5, 0.999999, 1, 2, 10, 50];
    const e1 = [
      13.23829589306249, 1.822923958419391, 0.5597735947761608, 0.21938430227532935, 0.2193839343955205,
      0.04890051070806112, 4.156968929685324e-6, 3.78326402955046e-24,
    ];
    expect(x.map((value) => scaledE1(value) * Math.exp(-value))).toBeAllClose(e1, { relative: 1e-12, absolute: 0 });
  });

  it('neither overflows nor underflows at very low SNR: e^x E1(x) -> 1/x', () => {
    expect([scaledE1(1e6) * 1e6]).toBeAllClose([1], { absolute: 2e-6, relative: 0 });
  });
});

describe('the Rayleigh channel at a mean SNR of 5 dB', () => {
  it('carries 1.716 b/s/Hz where AWGN carries 2.057', () => {
    expect([ergodicCapacity(g), awgnCapacity(g)]).toBeAllClose([1.715974185, 2.057373209], digits);
  });

  it('carries less to the worst of several: the minimum of K exponentials is one of mean 1/K', () => {
    expect([2, 4, 10].map((k) => ergodicCapacity(g / k))).toBeAllClose([1.156598767, 0.731104081, 0.362149799], digits);
  });

  it('has these outages', () => {
    const rates = [0.25, 0.5, 1, 1.5, 2, 3, 4];
    const outages = [0.0580777484, 0.1227697949, 0.2711065859, 0.4390925863, 0.6127494185, 0.8906929476, 0.9912911584];
    expect(rates.map((rate) => outageProbability(g, rate))).toBeAllClose(outages, digits);
    expect([outageProbability(g, awgnCapacity(g))]).toBeAllClose([1 - 1 / Math.E], digits);
  });

  it('has these rates for a given outage', () => {
    const epsilons = [1e-3, 0.01, 0.05, 0.1, 0.2, 0.5];
    const rates = [0.0045572794, 0.0451381169, 0.216862877, 0.4148707194, 0.7703147566, 1.674426231];
    expect(epsilons.map((epsilon) => epsilonOutageRate(g, epsilon))).toBeAllClose(rates, {
      relative: 1e-8,
      absolute: 0,
    });
  });

  it('has its best fixed rate at W(g)/ln 2, with half the ergodic goodput', () => {
    const best = goodputOptimalRate(g);
    expect([best, outageProbability(g, best), fixedRateGoodput(g, best)]).toBeAllClose(
      [1.553867205, 0.4578576973, 0.8424171448],
      digits,
    );
    expect(fixedRateGoodput(g, best * 1.01)).toBeLessThan(fixedRateGoodput(g, best));
    expect(fixedRateGoodput(g, best * 0.99)).toBeLessThan(fixedRateGoodput(g, best));
  });

  it.each([-30, 0, 40])('solves w e^w = g at %d dB too', (decibels) => {
    const w = goodputOptimalRate(fromDecibels(decibels)) * Math.LN2;
    expect([w * Math.exp(w)]).toBeAllClose([fromDecibels(decibels)], digits);
  });
});
