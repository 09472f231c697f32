import { isRetryable } from '#events';
import {
  allowEnrolment,
  allowRoundMore,
  ExperimentRecord,
  listAwaitingRounds,
  listDueRounds,
  listOutgoing,
  listUnfinished,
  listUnpublished,
  noteRewardsWaited,
} from '#storage';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { AdvanceRound } from './advance-round.ts';
import { askQuestion } from './ask-question.ts';
import { CallRoll } from './call-roll.ts';
import { restateProfiles } from './change-profile.ts';
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
  readonly #log = new Logger(KeepGoing.name);
  readonly #record: ExperimentRecord;
  readonly #turns: Turns;
  readonly #advance: AdvanceRound;
  readonly #custody: Custody;
  readonly #roll: CallRoll;
  /** What was unfinished at boot and is not taken up yet. */
  #toTakeUp: string[] | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(record: ExperimentRecord, turns: Turns, advance: AdvanceRound, custody: Custody, roll: CallRoll) {
    this.#record = record;
    this.#turns = turns;
    this.#advance = advance;
    this.#custody = custody;
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

  async #takeUpAll(): Promise<void> {
    this.#toTakeUp ??= this.#custody.of === 'all' ? await this.#record.use(listUnfinished) : [];
    for (let id = this.#toTakeUp[0]; id !== undefined; id = this.#toTakeUp[0]) {
      await this.#at(id, () => this.#takeUp(id));
      this.#toTakeUp.shift();
    }
  }

  /** States the open question again, unless it waits to be published still. */
  async #takeUp(id: string): Promise<void> {
    await this.#turns.take(id, async (turn) => {
      if ((await listOutgoing(turn.db, id, 1)).length > 0) {
        this.#turns.relay(id);
        return;
      }
      await restateProfiles(turn);
      const number = turn.current?.machine.plan.number ?? 0;
      const { round, enrolment } = turn.submission.spec;
      const leastMs = Math.min(GRACE_MS, round.timeoutMs);
      await allowEnrolment(turn.db, id, Math.min(GRACE_MS, enrolment.timeoutMs));
      await allowRoundMore(turn.db, { experimentId: id, number }, leastMs);
      if (turn.current !== undefined) this.#advance.decided(turn, turn.current, turn.current.pending);
      if (turn.current === undefined || turn.current.pending.kind === 'wait') await askQuestion(turn);
    });
  }

  #lookIn(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => {
        if (this.#timer !== undefined) this.#lookIn(LOOK_EVERY_MS);
      });
    }, ms).unref();
  }

  async #look(): Promise<void> {
    try {
      await this.#takeUpAll();
      for (const id of await this.#record.use(listUnpublished)) if (this.#isMine(id)) this.#turns.relay(id);
      for (const { experimentId, number } of await this.#record.use(listDueRounds))
        await this.#at(experimentId, () => this.#advance.close(experimentId, { round: number }));
      for (const key of await this.#record.use(listAwaitingRounds))
        await this.#at(key.experimentId, () => this.#askRewardsAgain(key));
      await this.#roll.look((id) => this.#isMine(id));
    } catch (error) {
      // The database is away, handlers say so, and the next look is soon; anything else somebody has to hear of.
      if (!isRetryable(error)) this.#log.error(error);
    }
  }

  /** What goes wrong at one experiment keeps no other waiting. */
  async #at(experiment: string, go: () => Promise<void>): Promise<void> {
    if (!this.#isMine(experiment)) return;
    await go().catch((error: unknown) => {
      if (isRetryable(error)) throw error;
      this.#log.error(`${experiment} does not go on: ${String(error)}`);
    });
  }

  /** Reward models were waited for: the round opens without them or goes on waiting, once the channel has answered again. */
  async #askRewardsAgain(key: { readonly experimentId: string; readonly number: number }): Promise<void> {
    await this.#turns.take(key.experimentId, async (turn) => {
      if (await noteRewardsWaited(turn.db, key)) await askQuestion(turn);
    });
  }

  #isMine(id: string): boolean {
    return this.#custody.of === 'all' || this.#turns.knows(id);
  }
}
