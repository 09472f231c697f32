import { isRetryable } from '#events';
import { ExperimentRecord } from '#storage';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CallRoll } from './call-roll.ts';
import { Custody } from './custody.ts';
import { TakeUp } from './take-up.ts';
import { WatchRounds } from './watch-rounds.ts';

/** How often each replica looks for what nobody else may be there to do. */
const LOOK_EVERY_MS = 500;

/** A full disk takes something small now and then: only so many looks in a row say that it is over. */
const CLEAR_LOOKS = 4;

/**
 * Sees that every experiment goes on whatever happened to the process that was at it: at boot takes up the unfinished
 * ones, and from then on looks for what is due. Deadlines are in the record and belong to no replica.
 */
@Injectable()
export class KeepGoing implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #log = new Logger(KeepGoing.name);
  readonly #record: ExperimentRecord;
  readonly #custody: Custody;
  readonly #takeUp: TakeUp;
  readonly #rounds: WatchRounds;
  readonly #roll: CallRoll;
  /** What was unfinished at boot and is not taken up yet. */
  #toTakeUp: string[] | undefined;
  /** Why the record took nothing, as was told since it last did for a while. */
  readonly #hindrances = new Set<string>();
  /** Looks in a row that found nothing in the way. */
  #clearLooks = 0;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(record: ExperimentRecord, custody: Custody, takeUp: TakeUp, rounds: WatchRounds, roll: CallRoll) {
    this.#record = record;
    this.#custody = custody;
    this.#takeUp = takeUp;
    this.#rounds = rounds;
    this.#roll = roll;
  }

  /** The first look is when the service listens: answers may come at once. */
  onApplicationBootstrap(): void {
    this.#lookIn(0);
  }

  async onModuleDestroy(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#looking;
  }

  #lookIn(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => {
        if (this.#timer !== undefined) this.#lookIn(LOOK_EVERY_MS);
      });
    }, ms).unref();
  }

  async #look(): Promise<void> {
    await this.#tellHindrance();
    const at = (experiment: string, go: () => Promise<void>): Promise<void> => this.#at(experiment, go);
    try {
      await this.#takeUpAll();
      await this.#rounds.look(at);
      await this.#roll.look(at);
    } catch (error) {
      // The database is away, which is told, and the next look is soon; anything else somebody has to hear of.
      if (!isRetryable(error)) this.#log.error(error);
    }
  }

  /** Says once why the record cannot be written to, however often handlers try again meanwhile, and once that it can. */
  async #tellHindrance(): Promise<void> {
    // A run in one process ends with its handlers' errors.
    if (this.#custody.of === 'asked') return;
    const hindrance = await this.#record.check().then(
      () => '',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (hindrance !== '') {
      this.#clearLooks = 0;
      if (!this.#hindrances.has(hindrance)) this.#log.error(`${hindrance} Until then everything waits.`);
      this.#hindrances.add(hindrance);
      return;
    }
    this.#clearLooks += 1;
    if (this.#hindrances.size === 0 || this.#clearLooks < CLEAR_LOOKS) return;
    this.#log.log(`${this.#record.database} can be written to again: what waited goes on.`);
    this.#hindrances.clear();
  }

  async #takeUpAll(): Promise<void> {
    this.#toTakeUp ??= this.#custody.of === 'all' ? await this.#takeUp.unfinished() : [];
    for (let id = this.#toTakeUp[0]; id !== undefined; id = this.#toTakeUp[0]) {
      const unfinished = id;
      await this.#at(unfinished, () => this.#takeUp.takeUp(unfinished));
      this.#toTakeUp.shift();
    }
  }

  /** What goes wrong at one experiment keeps no other waiting. */
  async #at(experiment: string, go: () => Promise<void>): Promise<void> {
    if (!this.#custody.has(experiment)) return;
    await go().catch((error: unknown) => {
      if (isRetryable(error)) throw error;
      this.#log.error(`${experiment} does not go on: ${String(error)}`);
    });
  }
}
