import { experimentFinished, rewardsByServices, type BaseModel, type ExperimentSpec } from '#contracts';
import { canonicalJson } from '#ledger';
import type { Digest } from '#parameters';
import {
  allowEnrolment,
  beginRoll,
  columnsOf,
  Experiment,
  ExperimentRecord,
  findExperiment,
  insertExperiment,
  listRewardModels,
} from '#storage';
import { Injectable } from '@nestjs/common';
import { askQuestion } from './ask-question.ts';
import { CoordinatorError } from './coordinator-error.ts';
import { CANCELLED, endExperiment } from './end-experiment.ts';
import { LedgerScribe } from './ledger-scribe.ts';
import { submissionOf } from './submissions.ts';
import { Turns } from './turns.ts';

/** What users ask of the coordinator. */
@Injectable()
export class Experiments {
  readonly #record: ExperimentRecord;
  readonly #turns: Turns;
  readonly #scribe: LedgerScribe;

  constructor(record: ExperimentRecord, turns: Turns, scribe: LedgerScribe) {
    this.#record = record;
    this.#turns = turns;
    this.#scribe = scribe;
  }

  /**
   * Records a submission and states it; the initial shared tensors are in the coordinator's blob store already. Answers
   * whether it is new: the same one again changes nothing. Throws `experiment.exists` when the name is taken by another,
   * `experiment.reward-retired` when the spec names a reward model that is out of service.
   */
  async submit(id: string, spec: ExperimentSpec, base: BaseModel): Promise<boolean> {
    await this.#refuseRetired(spec);
    const { initial } = base.shared;
    const experiment = {
      id,
      name: spec.name,
      method: spec.method,
      seed: spec.seed,
      rounds: spec.rounds,
      spec,
      base,
      globalDigest: initial.digest,
      globalBytes: initial.bytes,
      submittedAt: this.#scribe.now(),
    };
    const created = await this.#turns.begin(
      submissionOf(id, spec, base),
      (db) => insertExperiment(db, experiment),
      async (turn) => {
        await allowEnrolment(turn.db, id, spec.enrolment.timeoutMs);
        await turn.note('experiment.submitted', columnsOf(turn.db, Experiment, { ...experiment, ...turn.progress }));
        await askQuestion(turn);
      },
    );
    if (!created) await this.#seeThatItIsTheSame(id, spec, base);
    return created;
  }

  /**
   * States an experiment's submission again; when its clients have answered it goes on where it was cut, also after a
   * failure whose cause has been mended, or a cancellation that is regretted. One that is finished says so again.
   * Throws `storage.experiment-unknown`.
   */
  async resume(id: string): Promise<void> {
    await this.#turns.take(id, async (turn) => {
      const { state, globalDigest } = turn.progress;
      if (state === 'finished') {
        const { rounds } = turn.submission.spec;
        turn.state(experimentFinished, { rounds, globalDigest: globalDigest as Digest });
        return;
      }
      await beginRoll(turn.db, id);
      await allowEnrolment(turn.db, id, turn.submission.spec.enrolment.timeoutMs);
      turn.move({ state: 'enrolling', failureCode: null, failureMessage: null, endedAt: null });
      await turn.note('experiment.resumed', { from: state });
      await askQuestion(turn);
    });
  }

  /**
   * Ends an experiment by its user's will, also in the middle of a round; cancelling twice is the same as once. Throws
   * `storage.experiment-unknown`, or `experiment.ended` when it has ended otherwise.
   */
  async cancel(id: string): Promise<void> {
    await this.#turns.take(id, async (turn) => {
      const { state } = turn.progress;
      if (state === 'cancelled') return;
      const message = `It was cancelled; \`airtune resume ${id}\` takes it up again.`;
      if (!(await endExperiment(turn, { code: CANCELLED, message })))
        throw new CoordinatorError('experiment.ended', `${id} has ${state} already.`);
    });
  }

  async #refuseRetired(spec: ExperimentSpec): Promise<void> {
    const named = new Set(rewardsByServices(spec.rewards).map(({ model }) => model));
    if (named.size === 0) return;
    const known = await this.#record.use(listRewardModels);
    const retired = known.filter(({ name, retiredAt }) => named.has(name) && retiredAt !== null);
    if (retired.length === 0) return;
    const names = retired.map(({ name }) => name).join(', ');
    throw new CoordinatorError(
      'experiment.reward-retired',
      `rewards: ${names} is retired: name another, or take it into service again (airtune reward register).`,
    );
  }

  async #seeThatItIsTheSame(id: string, spec: ExperimentSpec, base: BaseModel): Promise<void> {
    const known = await this.#record.use((db) => findExperiment(db, id));
    if (canonicalJson([known.spec, known.base]) === canonicalJson([spec, base])) return;
    throw new CoordinatorError('experiment.exists', `There is another experiment ${id} already.`);
  }
}
