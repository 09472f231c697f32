import { Clock } from '#events';
import {
  ExperimentRecord,
  listAwaitingRounds,
  listOpenRounds,
  listUnpublished,
  noteRewardsWaited,
  type RoundKey,
  type Wait,
} from '#storage';
import { Injectable } from '@nestjs/common';
import { AdvanceRound } from './advance-round.ts';
import { askQuestion } from './ask-question.ts';
import { noteRewardsAway } from './await-rewards.ts';
import { DeadlineWatch } from './deadline-watch.ts';
import { Turns } from './turns.ts';

type RoundWait = RoundKey & Wait;

/** Publishes what was left unpublished, closes rounds whose time is up or that were left half closed, and asks reward models again. */
@Injectable()
export class WatchRounds {
  readonly #record: ExperimentRecord;
  readonly #turns: Turns;
  readonly #advance: AdvanceRound;
  readonly #open: DeadlineWatch;
  readonly #awaiting: DeadlineWatch;

  constructor(record: ExperimentRecord, turns: Turns, advance: AdvanceRound, clock: Clock) {
    this.#record = record;
    this.#turns = turns;
    this.#advance = advance;
    this.#open = new DeadlineWatch(clock);
    this.#awaiting = new DeadlineWatch(clock);
  }

  /** Does what is due; `at` does it where this process cares for the experiment. */
  async look(at: (experiment: string, go: () => Promise<void>) => Promise<void>): Promise<void> {
    for (const id of await this.#record.use(listUnpublished))
      await at(id, () => {
        this.#turns.relay(id);
        return Promise.resolve();
      });
    for (const { experimentId, number } of this.#open.over(await this.#record.use(listOpenRounds), nameOf))
      await at(experimentId, () => this.#advance.close(experimentId, { round: number }));
    for (const wait of this.#awaiting.over(await this.#record.use(listAwaitingRounds), nameOf))
      await at(wait.experimentId, () => this.#askRewardsAgain(wait));
  }

  /** Reward models were waited for: the round opens without them or goes on waiting, once the channel has answered again. */
  async #askRewardsAgain(wait: RoundWait): Promise<void> {
    await this.#turns.take(wait.experimentId, async (turn) => {
      if (!(await noteRewardsWaited(turn.db, wait))) return;
      await noteRewardsAway(turn, wait.number);
      await askQuestion(turn);
    });
  }
}

function nameOf({ experimentId, number }: RoundWait): string {
  return `${experimentId} ${number}`;
}
