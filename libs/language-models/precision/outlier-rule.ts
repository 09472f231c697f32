import type { MeasuredLayer } from './measure-layers.ts';

/**
 * A layer stays in fp32 when int8 would change its product, on the sample text, or the copy of its weight by which gradients flow, by more
 * than this part of its size (root of summed squares). docs/int8.md has what it was chosen from.
 */
export const LARGEST_RELATIVE_ERROR = 0.05;

export function staysExact({
  relativeError,
  gradientError = 0,
}: Pick<MeasuredLayer, 'relativeError' | 'gradientError'>): boolean {
  return !(relativeError <= LARGEST_RELATIVE_ERROR && gradientError <= LARGEST_RELATIVE_ERROR);
}
