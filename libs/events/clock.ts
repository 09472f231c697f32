/** Time, injected. */
export abstract class Clock {
  /** By the wall clock, which somebody may set: records say when something happened, nothing is computed from it. */
  abstract now(): Date;

  /** In ms since some moment, forwards only and evenly, whatever is done to the wall clock: for how long things take. */
  elapsedMs(): number {
    return performance.now();
  }
}

/** The machine's own clock. */
export class SystemClock extends Clock {
  now(): Date {
    return new Date();
  }
}
