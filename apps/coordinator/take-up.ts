import { allowEnrolment, allowRoundMore, ExperimentRecord, listOutgoing, listUnfinished } from '#storage';
import { Injectable } from '@nestjs/common';
import { AdvanceRound } from './advance-round.ts';
import { askQuestion } from './ask-question.ts';
import { restateProfiles } from './change-profile.ts';
import { Turns } from './turns.ts';

/** After a restart answers lie in the topics still: a round that has timed out meanwhile gets so long to take them in. */
const GRACE_MS = 60_000;

/** Goes on with experiments at which another process was when it ended. */
@Injectable()
export class TakeUp {
  readonly #record: ExperimentRecord;
  readonly #turns: Turns;
  readonly #advance: AdvanceRound;

  constructor(record: ExperimentRecord, turns: Turns, advance: AdvanceRound) {
    this.#record = record;
    this.#turns = turns;
    this.#advance = advance;
  }

  unfinished(): Promise<string[]> {
    return this.#record.use(listUnfinished);
  }

  /** States the open question again, unless it waits to be published still. */
  async takeUp(id: string): Promise<void> {
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
}
