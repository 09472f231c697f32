/** What tells one stream from another beside seed and purpose: a client's name, a round, a direction … */
export type Coordinate = string | number;

/** A sequence of random numbers that its key fixes entirely; each method says how many positions it takes. */
export interface RandomStream {
  /** Uniform on [0, 1), a multiple of 2^-53. Takes one position. */
  uniform(): number;
  /** What `uniform` gives at position `index` (0 … 2^53 - 1). Takes none. */
  uniformAt(index: number): number;
  /** Standard normal. Takes one position. */
  normal(): number;
  /** Exponential of mean 1. Takes one position. */
  exponential(): number;
  /** Gamma(shape, 1), shape > 0; shapes below about 0.01 may underflow to 0, where `logGamma` does not. */
  gamma(shape: number): number;
  /** The natural logarithm of a Gamma(shape, 1) variate. */
  logGamma(shape: number): number;
  /** An integer from 0 to below - 1, each equally likely; 1 <= below <= 2^53. */
  integer(below: number): number;
  /** A new array with the items in random order, each order equally likely (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[];
}
