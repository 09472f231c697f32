const VARIANCE_FLOOR = 1e-8;

/**
 * Numbers scaled to unit variance (unbiased, floored by 1e-8), and moved to mean 0 unless `keepMean`. A single number has no
 * variance and stays as it is, but for the mean.
 */
export function whiten(
  numbers: Float64Array,
  { keepMean = false }: { readonly keepMean?: boolean } = {},
): Float64Array {
  const count = numbers.length;
  const mean = sum(numbers) / Math.max(1, count);
  const variance = count > 1 ? sum(numbers.map((number) => (number - mean) ** 2)) / (count - 1) : 1;
  const scale = 1 / Math.sqrt(variance + VARIANCE_FLOOR);
  return numbers.map((number) => (number - mean) * scale + (keepMean ? mean : 0));
}

function sum(numbers: Float64Array): number {
  return numbers.reduce((total, number) => total + number, 0);
}
