import type { Decision, RoundEvent } from '#federation';
import { Injectable, Logger } from '@nestjs/common';
import { AskQuestion } from './ask-question.ts';
import { CloseRound } from './close-round.ts';
import { CurrentRounds, type CurrentRound } from './current-rounds.ts';
import { RoundTimer } from './round-timer.ts';

/** Takes facts to the round that they belong to, and does what the round decides. */
@Injectable()
export class AdvanceRound {
  readonly #log = new Logger(AdvanceRound.name);
  readonly #rounds: CurrentRounds;
  readonly #close: CloseRound;
  readonly #question: AskQuestion;
  readonly #timer: RoundTimer;

  constructor(rounds: CurrentRounds, close: CloseRound, question: AskQuestion, timer: RoundTimer) {
    this.#rounds = rounds;
    this.#close = close;
    this.#question = question;
    this.#timer = timer;
    timer.onExpiry((experiment, round) => {
      this.#expire(experiment, round).catch((error: unknown) => {
        this.#log.error(`Round ${round} of ${experiment} could not be closed: ${String(error)}`);
      });
    });
  }

  /**
   * Records a fact and lets the round know. `record` stores it, durably and idempotently, and answers what it means to
   * the current round, if anything. Nothing happens before an experiment's first round.
   */
  async take(experiment: string, record: (current: CurrentRound) => Promise<RoundEvent | undefined>): Promise<void> {
    await this.#carefully(experiment, async () => {
      const current = await this.#rounds.of(experiment);
      if (current === undefined) return;
      const event = await record(current);
      if (event === undefined) return;
      const decision = current.machine.apply(event);
      await this.#act(current, decision, false);
      if (event.kind === 'opened' && decision.kind === 'wait') await this.#question.ask(experiment);
    });
  }

  /** Goes on where the record says the experiment is: with what a round that was cut off had come to, or its question. */
  async goOn(experiment: string): Promise<void> {
    await this.#carefully(experiment, async () => {
      this.#rounds.forget(experiment);
      const current = await this.#rounds.of(experiment);
      if (current !== undefined && current.pending.kind !== 'wait') await this.#act(current, current.pending, false);
      else await this.#question.ask(experiment);
    });
  }

  async #expire(experiment: string, round: number): Promise<void> {
    await this.#carefully(experiment, async () => {
      const current = await this.#rounds.of(experiment);
      if (current?.machine.plan.number !== round) return;
      await this.#act(current, current.machine.apply({ kind: 'timed-out' }), true);
    });
  }

  /** One thing at a time; after an error the record knows better than memory. */
  async #carefully(experiment: string, work: () => Promise<void>): Promise<void> {
    await this.#rounds.exclusively(experiment, async () => {
      try {
        await work();
      } catch (error) {
        this.#rounds.forget(experiment);
        throw error;
      }
    });
  }

  async #act(current: CurrentRound, decision: Decision, timedOut: boolean): Promise<void> {
    const experiment = current.submission.id;
    if (decision.kind === 'wait') return;
    // Whatever happens now, the record decides what comes next.
    this.#rounds.forget(experiment);
    if (decision.kind !== 'open') this.#timer.disarm(experiment);
    if (decision.kind === 'commit') await this.#close.commit(current, decision, timedOut);
    if (decision.kind === 'abandon') await this.#close.abandon(current, decision, timedOut);
    if (decision.kind === 'conclude') await this.#close.conclude(current, decision, timedOut);
    await this.#question.ask(experiment);
  }
}
