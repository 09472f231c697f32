import { Injectable, type OnModuleDestroy } from '@nestjs/common';

type Expired = (experiment: string, round: number) => void;

/** The wall clock of open rounds, for liveness only: what is simulated never asks it. */
@Injectable()
export class RoundTimer implements OnModuleDestroy {
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #expired: Expired = () => undefined;

  /** Sets what happens to a round whose time is up. */
  onExpiry(expired: Expired): void {
    this.#expired = expired;
  }

  /** Starts the time of a round anew; an experiment has one round at a time. */
  arm(experiment: string, round: number, timeoutMs: number): void {
    this.disarm(experiment);
    const timer = setTimeout(() => {
      this.#expired(experiment, round);
    }, timeoutMs);
    this.#timers.set(experiment, timer.unref());
  }

  disarm(experiment: string): void {
    clearTimeout(this.#timers.get(experiment));
    this.#timers.delete(experiment);
  }

  onModuleDestroy(): void {
    for (const experiment of this.#timers.keys()) this.disarm(experiment);
  }
}
