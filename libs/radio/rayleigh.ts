/**
 * Closed forms of the Rayleigh channel with mean SNR g (a ratio, not dB): the instantaneous SNR is g·X, X ~ Exp(1).
 * Rates are spectral efficiencies in bit/s/Hz. Source of the formulas: Goldsmith, Wireless Communications, ch. 4; Tse and
 * Viswanath, Fundamentals of Wireless Communication, ch. 5.
 */
import { scaledE1 } from './exponential-integral.ts';

/** Capacity without fading: log2(1 + g). */
export function awgnCapacity(snr: number): number {
  return Math.log1p(snr) / Math.LN2;
}

/** E[log2(1 + g·X)] = e^(1/g) E1(1/g) / ln 2: what a sender that knows each fade reaches over many of them. */
export function ergodicCapacity(snr: number): number {
  return scaledE1(1 / snr) / Math.LN2;
}

/** P[log2(1 + g·X) < R] = 1 - exp(-(2^R - 1)/g): how often a block sent at rate R is lost. */
export function outageProbability(snr: number, rate: number): number {
  return -Math.expm1(-Math.expm1(rate * Math.LN2) / snr);
}

/** The highest rate whose outage is at most epsilon: log2(1 - g ln(1 - epsilon)). */
export function epsilonOutageRate(snr: number, epsilon: number): number {
  return Math.log1p(-snr * Math.log1p(-epsilon)) / Math.LN2;
}

/** R(1 - P_out(R)): what a fixed rate carries in the mean, failed blocks counted as nothing. */
export function fixedRateGoodput(snr: number, rate: number): number {
  return rate * (1 - outageProbability(snr, rate));
}

/** The fixed rate of the highest goodput: W(g)/ln 2, W being Lambert's function (w e^w = g). */
export function goodputOptimalRate(snr: number): number {
  return lambertW(snr) / Math.LN2;
}

/** Lambert's W on x > 0 by Halley's method from ln(1 + x): cubic convergence, eight steps are ample. */
function lambertW(x: number): number {
  let w = Math.log1p(x);
  for (let step = 0; step < 8; step++) {
    const excess = w - x * Math.exp(-w);
    w -= excess / (w + 1 - ((w + 2) * excess) / (2 * w + 2));
  }
  return w;
}
