import type { Clock } from '#events';
import type { Wait } from '#storage';

/**
 * Says which waits are over. A wait is as long as it was when it was first seen here, by a clock that only goes forwards:
 * wall clocks, this machine's and the database's, may be set in between.
 */
export class DeadlineWatch {
  readonly #clock: Clock;
  #endsMs: ReadonlyMap<string, number> = new Map();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Those that are over, of all that there are; what is not among them any more is forgotten. */
  over<W extends Wait>(waits: readonly W[], nameOf: (wait: W) => string): W[] {
    const nowMs = this.#clock.elapsedMs();
    const ends = waits.map((wait) => {
      const name = `${nameOf(wait)} ${wait.until}`;
      return { wait, name, endMs: this.#endsMs.get(name) ?? nowMs + wait.leftMs };
    });
    this.#endsMs = new Map(ends.map(({ name, endMs }) => [name, endMs]));
    return ends.flatMap(({ wait, endMs }) => (endMs <= nowMs ? [wait] : []));
  }
}
