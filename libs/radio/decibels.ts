/** A power ratio from decibels: 5 dB is 3.1623. */
export function fromDecibels(decibels: number): number {
  return 10 ** (decibels / 10);
}

/** Decibels of a power ratio above 0. */
export function toDecibels(ratio: number): number {
  return 10 * Math.log10(ratio);
}
