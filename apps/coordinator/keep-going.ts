import {
  allowRoundMore,
  ExperimentRecord,
  listDueRounds,
  listOutgoing,
  listUnfinished,
  listUnpublished,
} from '#storage';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { AdvanceRound } from './advance-round.ts';
import { askQuestion } from './ask-question.ts';
import { Turns } from './turns.ts';

/** How often each replica looks for what nobody else may be there to do. */
const LOOK_EVERY_MS = 500;
/** After a restart answers lie in the topics still: a round that has timed out meanwhile gets so long to take them in. */
const GRACE_MS = 60_000;

/** Which experiments a coordinator goes on with by itself: all of the record, or those asked for in this process. */
export abstract class Custody {
  abstract readonly of: 'all' | 'asked';
}

/**
 * Sees that every experiment goes on whatever happened to the process that was at it: at boot takes up the unfinished
 * ones, and from then on closes rounds whose time is up, or that were left half closed, and publishes what was left
 * unpublished. Deadlines are in the record and belong to no replica.
 */
@Injectable()
export class KeepGoing implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #record: ExperimentRecord;
  readonly #turns: Turns;
  readonly #advance: AdvanceRound;
  readonly #custody: Custody;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(record: ExperimentRecord, turns: Turns, advance: AdvanceRound, custody: Custody) {
    this.#record = record;
    this.#turns = turns;
    this.#advance = advance;
    this.#custody = custody;
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.#custody.of === 'all') for (const id of await this.#record.use(listUnfinished)) await this.#takeUp(id);
    this.#lookLater();
  }

  async onModuleDestroy(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#looking;
  }

  /** States the open question again, unless it waits to be published still. */
  async #takeUp(id: string): Promise<void> {
    await this.#turns.take(id, async (turn) => {
      if ((await listOutgoing(turn.db, id, 1)).length > 0) {
        this.#turns.relay(id);
        return;
      }
      const number = turn.current?.machine.plan.number ?? 0;
      const leastMs = Math.min(GRACE_MS, turn.submission.spec.round.timeoutMs);
      await allowRoundMore(turn.db, { experimentId: id, number }, leastMs);
      if (turn.current !== undefined) this.#advance.decided(turn, turn.current, turn.current.pending);
      if (turn.current === undefined || turn.current.pending.kind === 'wait') await askQuestion(turn);
    });
  }

  #lookLater(): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => {
        if (this.#timer !== undefined) this.#lookLater();
      });
    }, LOOK_EVERY_MS).unref();
  }

  async #look(): Promise<void> {
    try {
      for (const id of await this.#record.use(listUnpublished)) if (this.#isMine(id)) this.#turns.relay(id);
      for (const { experimentId, number } of await this.#record.use(listDueRounds))
        if (this.#isMine(experimentId)) await this.#advance.close(experimentId, { round: number });
    } catch {
      // The database is away; handlers say so, and the next look is soon.
    }
  }

  #isMine(id: string): boolean {
    return this.#custody.of === 'all' || this.#turns.knows(id);
  }
}
