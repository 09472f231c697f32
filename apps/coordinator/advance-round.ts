import type { Decision, RoundEvent } from '#federation';
import { noteAnswered, withCommit } from '#storage';
import { Injectable } from '@nestjs/common';
import { CloseRound } from './close-round.ts';
import type { CurrentRound } from './current-round.ts';
import { endExperiment } from './end-experiment.ts';
import { ReportFault } from './report-fault.ts';
import type { Turn } from './turn.ts';
import { Turns } from './turns.ts';

/** Takes facts to the round that they belong to, and does what the round decides. */
@Injectable()
export class AdvanceRound {
  readonly #turns: Turns;
  readonly #closeRound: CloseRound;
  readonly #faults: ReportFault;

  constructor(turns: Turns, closeRound: CloseRound, faults: ReportFault) {
    this.#turns = turns;
    this.#closeRound = closeRound;
    this.#faults = faults;
  }

  /**
   * Records a fact and lets the round know. `record` records it, idempotently, and answers what it means to the current
   * round, if anything. Nothing happens before an experiment's first round.
   */
  async take(
    experiment: string,
    record: (turn: Turn, current: CurrentRound) => RoundEvent | undefined | Promise<RoundEvent | undefined>,
  ): Promise<void> {
    await this.#turns.take(experiment, async (turn) => {
      const { current } = turn;
      if (current === undefined) return;
      const event = await record(turn, current);
      if (event !== undefined && turn.isRunning) this.decided(turn, current, current.machine.apply(event));
    });
  }

  /** Remembers that all answers are in. Averaging takes its time: it has a turn of its own, for which no handler waits. */
  decided(turn: Turn, current: CurrentRound, decision: Decision): void {
    if (decision.kind === 'wait') return;
    current.pending = decision;
    const { id: experimentId } = turn.submission;
    turn.lastly('note that all have answered', () => {
      withCommit(turn.db, noteAnswered(turn.db, { experimentId, number: current.machine.plan.number }));
    });
    turn.afterwards(() => void this.close(experimentId));
  }

  /** Closes the current round if all have answered, or its time is up; never throws, for nobody waits. */
  async close(experiment: string, timedOut?: { readonly round: number }): Promise<void> {
    try {
      await this.#turns.take(experiment, async (turn) => {
        const { current } = turn;
        if (current === undefined || !turn.isRunning) return;
        const late = timedOut?.round === current.machine.plan.number && current.pending.kind === 'wait';
        const decision = late ? current.machine.apply({ kind: 'timed-out' }) : current.pending;
        if (decision.kind !== 'wait') await this.#closeRound.close(turn, current, decision, late);
      });
    } catch (error) {
      await this.#couldNot(experiment, error);
    }
  }

  /** What waiting may mend is tried again; anything else ends the experiment, until it is mended and resumed. */
  async #couldNot(experiment: string, error: unknown): Promise<void> {
    this.#faults.report(`A round of ${experiment} could not be closed`, error);
    const { code, retryable, message } = error as { code?: unknown; retryable?: unknown; message?: unknown };
    if (typeof code !== 'string' || retryable === true) return;
    await this.#turns
      .take(experiment, (turn) => endExperiment(turn, { code, message: String(message) }))
      .catch((again: unknown) => {
        this.#faults.report(`${experiment} could not be ended`, again);
      });
  }
}
