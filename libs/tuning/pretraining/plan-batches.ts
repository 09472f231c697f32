import { randomStream } from '#randomness';
import { windowCount, windowLength, type TokenWindows } from './token-windows.ts';

/** Batches whose windows are sorted by length together: long enough for even lengths, short enough to stay random. */
const BATCHES_PER_POOL = 50;

/**
 * Which windows each step sees. Every epoch is a new order of all windows; pools of 50 batches are sorted by length, so
 * that little is padding, and their batches shuffled again. Steps can be asked for in any order: a resumed run needs no history.
 */
export class BatchPlan {
  private readonly windows: TokenWindows;
  private readonly seed: number;
  private readonly batchSize: number;
  private epoch = -1;
  private batches: number[][] = [];

  constructor(windows: TokenWindows, seed: number, batchSize: number) {
    this.windows = windows;
    this.seed = seed;
    this.batchSize = Math.min(batchSize, windowCount(windows));
  }

  get batchesPerEpoch(): number {
    return Math.floor(windowCount(this.windows) / this.batchSize);
  }

  /** The windows of a step, counted from 0. What does not fill the epoch's last batch is left out of that epoch. */
  batch(step: number): readonly number[] {
    const epoch = Math.floor(step / this.batchesPerEpoch);
    if (epoch !== this.epoch) {
      this.batches = this.planEpoch(epoch);
      this.epoch = epoch;
    }
    return this.batches[step % this.batchesPerEpoch] ?? [];
  }

  private planEpoch(epoch: number): number[][] {
    const stream = randomStream(this.seed, 'pretraining-epoch', epoch);
    const used = this.batchesPerEpoch * this.batchSize;
    const order = stream
      .shuffle(Array.from({ length: windowCount(this.windows) }, (_, window) => window))
      .slice(0, used);
    const poolSize = BATCHES_PER_POOL * this.batchSize;
    const pools = chunks(order, poolSize).map((pool) =>
      // Windows of one length keep their random order: neighbours in the text would make batches of a single kind.
      pool.sort((left, right) => windowLength(this.windows, left) - windowLength(this.windows, right)),
    );
    return stream.shuffle(pools.flatMap((pool) => chunks(pool, this.batchSize)));
  }
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
