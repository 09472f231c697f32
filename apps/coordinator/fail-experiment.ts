import { experimentFailed } from '#contracts';
import { Clock, Publisher } from '#events';
import { ExperimentRecord, failExperiment } from '#storage';
import { Injectable } from '@nestjs/common';

/** Ends an experiment that cannot go on, and says why. */
@Injectable()
export class FailExperiment {
  readonly #record: ExperimentRecord;
  readonly #publisher: Publisher;
  readonly #clock: Clock;

  constructor(record: ExperimentRecord, publisher: Publisher, clock: Clock) {
    this.#record = record;
    this.#publisher = publisher;
    this.#clock = clock;
  }

  async fail(experiment: string, code: string, message: string): Promise<void> {
    const at = this.#clock.now();
    const failed = await this.#record.use((db) => failExperiment(db, experiment, { code, message, at }));
    if (failed) await this.#publisher.publish(experimentFailed, { code, message }, { experiment });
  }
}
