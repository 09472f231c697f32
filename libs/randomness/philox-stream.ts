import { createHash } from 'node:crypto';
import { logGammaVariate } from './gamma.ts';
import { normalQuantile } from './normal-quantile.ts';
import { philoxBlock } from './philox.ts';
import type { Coordinate, RandomStream } from './random-stream.ts';
import { RandomnessError } from './randomness-error.ts';

// Taken out once, like `imul` in philox.ts.
const { floor } = Math;
const TWO_32 = 2 ** 32;
const TWO_53 = 2 ** 53;

/**
 * The stream of (seed, purpose, coordinates): SHA-256 of their JSON array gives the Philox key and the upper half of its
 * counter (128 bits in all, so that two streams do not meet); the position is the lower half.
 * Numbers must be finite: JSON would write NaN and Infinity alike.
 */
export function randomStream(seed: number, purpose: string, ...coordinates: Coordinate[]): RandomStream {
  const key = [seed, purpose, ...coordinates];
  if (key.some((part) => typeof part === 'number' && !Number.isFinite(part))) {
    throw new RandomnessError(
      'randomness.coordinate',
      `A stream's seed and coordinates must be finite: ${key.join()}.`,
    );
  }
  return new PhiloxStream(createHash('sha256').update(JSON.stringify(key)).digest());
}

class PhiloxStream implements RandomStream {
  readonly #keys: readonly [number, number, number, number];
  readonly #block = new Uint32Array(4);
  #blockNumber = -1;
  #position = 0;

  constructor(digest: Buffer) {
    this.#keys = [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12)];
  }

  uniform(): number {
    return this.uniformAt(this.#position++);
  }

  /** A block of 128 bits holds two positions; the last block is kept, since draws mostly come in order. */
  uniformAt(index: number): number {
    const blockNumber = floor(index / 2);
    if (blockNumber !== this.#blockNumber) {
      const [k0, k1, c2, c3] = this.#keys;
      philoxBlock(this.#block, blockNumber % TWO_32, floor(blockNumber / TWO_32), c2, c3, k0, k1);
      this.#blockNumber = blockNumber;
    }
    const half = index % 2 === 0 ? 0 : 2;
    const high = (this.#block[half] ?? 0) >>> 5;
    const low = (this.#block[half + 1] ?? 0) >>> 6;
    return (high * 2 ** 26 + low) / TWO_53;
  }

  normal(): number {
    // Half a step up: symmetric about 0, and neither end is reached.
    return normalQuantile(this.uniform() - 0.5 + 2 ** -54);
  }

  exponential(): number {
    return 0 - Math.log(1 - this.uniform());
  }

  gamma(shape: number): number {
    return Math.exp(this.logGamma(shape));
  }

  logGamma(shape: number): number {
    if (!(shape > 0 && shape < Infinity)) {
      throw new RandomnessError('randomness.shape', `A gamma distribution's shape must be above 0, not ${shape}.`);
    }
    return logGammaVariate(this, shape);
  }

  integer(below: number): number {
    if (!Number.isInteger(below) || below < 1 || below > TWO_53) {
      throw new RandomnessError('randomness.range', `An integer is drawn below 1 to 2^53, not below ${below}.`);
    }
    // 2^53 is seldom a multiple of `below`: what lies past the last multiple is drawn again.
    const limit = TWO_53 - (TWO_53 % below);
    for (;;) {
      const drawn = this.uniform() * TWO_53;
      if (drawn < limit) return drawn % below;
    }
  }

  shuffle<T>(items: readonly T[]): T[] {
    const order = [...items];
    for (let last = order.length - 1; last > 0; last--) {
      const chosen = this.integer(last + 1);
      [order[last], order[chosen]] = [order[chosen] as T, order[last] as T];
    }
    return order;
  }
}
