import quantile from '@stdlib/stats-base-dists-t-quantile';

/** A mean with its two-sided 95 % Student interval; one value has a mean but no interval. */
export interface MeanInterval {
  readonly mean: number;
  readonly low?: number;
  readonly high?: number;
  readonly values: number;
}

/** mean ± t(0.975, n − 1) · s / √n, with s the sample's standard deviation. */
export function meanInterval(values: readonly number[]): MeanInterval {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { mean, values: n };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  const half = quantile(0.975, n - 1) * Math.sqrt(variance / n);
  return { mean, low: mean - half, high: mean + half, values: n };
}
