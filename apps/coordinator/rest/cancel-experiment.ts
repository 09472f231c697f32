import { ExperimentRecord, findExperiment } from '#storage';
import { Injectable } from '@nestjs/common';
import { CoordinatorError } from '../coordinator-error.ts';
import { FailExperiment } from '../fail-experiment.ts';

export const CANCELLED = 'experiment.cancelled';

/** POST /experiments/:id/cancel → the experiment ends as failed, by its user's will; `resume` takes it up again. */
@Injectable()
export class CancelExperiment {
  readonly #record: ExperimentRecord;
  readonly #failExperiment: FailExperiment;

  constructor(record: ExperimentRecord, failExperiment: FailExperiment) {
    this.#record = record;
    this.#failExperiment = failExperiment;
  }

  /** Cancelling twice is the same as once. Throws `storage.experiment-unknown`, `experiment.ended`. */
  async cancel(id: string): Promise<void> {
    const { state, failureCode } = await this.#record.use((db) => findExperiment(db, id));
    if (failureCode === CANCELLED) return;
    if (state === 'finished' || state === 'failed')
      throw new CoordinatorError('experiment.ended', `${id} has ${state} already.`);
    await this.#failExperiment.fail(id, CANCELLED, 'It was cancelled; `airtune resume` takes it up again.');
  }
}
