/**
 * How long a transfer takes when one Rayleigh fade holds for all of it: T = (S/B) / log2(1 + g·X), X ~ Exp(1), for S bits
 * over B Hz at mean SNR g. Times are in units of S/B seconds. The mean is infinite (P[T > t] falls like 1/t), so only
 * quantiles say anything: numbers in the literature that average such delays depend on where they were cut off.
 */

/** P[T <= t] = exp(-(2^(1/t) - 1)/g). */
export function delayCdf(snr: number, time: number): number {
  return time <= 0 ? 0 : Math.exp(-Math.expm1(Math.LN2 / time) / snr);
}

/** The time within which a share `probability` of transfers ends, 0 < probability < 1: 1 / log2(1 - g ln(probability)). */
export function delayQuantile(snr: number, probability: number): number {
  return Math.LN2 / Math.log1p(-snr * Math.log(probability));
}

/** The same for the slowest of `clients` independent transfers, which is what a synchronous round waits for. */
export function slowestDelayQuantile(snr: number, probability: number, clients: number): number {
  return delayQuantile(snr, probability ** (1 / clients));
}
