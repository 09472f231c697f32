import { experimentFinished, experimentSubmitted, type BaseModel, type ExperimentSpec } from '#contracts';
import { Clock, Publisher } from '#events';
import type { Digest } from '#parameters';
import { ExperimentRecord, findExperiment, insertExperiment, reviveExperiment, type Experiment } from '#storage';
import { Injectable } from '@nestjs/common';
import { CoordinatorError } from './coordinator-error.ts';
import { EnrolClient } from './enrol-client.ts';

/** What users ask of the coordinator. */
@Injectable()
export class Experiments {
  readonly #record: ExperimentRecord;
  readonly #publisher: Publisher;
  readonly #clock: Clock;
  readonly #enrolClient: EnrolClient;

  constructor(record: ExperimentRecord, publisher: Publisher, clock: Clock, enrolClient: EnrolClient) {
    this.#record = record;
    this.#publisher = publisher;
    this.#clock = clock;
    this.#enrolClient = enrolClient;
  }

  /**
   * Records a submission and states it; the initial shared tensors are in the coordinator's blob store already.
   * Throws `experiment.exists` when the name is taken.
   */
  async submit(id: string, spec: ExperimentSpec, base: BaseModel): Promise<void> {
    const { initial } = base.shared;
    const inserted = await this.#record.use((db) =>
      insertExperiment(db, {
        id,
        name: spec.name,
        method: spec.method,
        seed: spec.seed,
        rounds: spec.rounds,
        spec,
        base,
        globalDigest: initial.digest,
        globalBytes: initial.bytes,
        submittedAt: this.#clock.now(),
      }),
    );
    if (!inserted) throw new CoordinatorError('experiment.exists', `There is an experiment ${id} already.`);
    await this.#state(id, spec, base);
  }

  /**
   * States an experiment's submission again; when its clients have answered it goes on where it was cut, also after a
   * failure whose cause has been mended. One that is finished says so again. Throws `storage.experiment-unknown`.
   */
  async resume(id: string): Promise<void> {
    const experiment = await this.#record.use((db) => findExperiment(db, id));
    if (experiment.state === 'finished') {
      await this.#finished(experiment);
      return;
    }
    if (experiment.state === 'failed') await this.#record.use((db) => reviveExperiment(db, id));
    await this.#state(id, experiment.spec as ExperimentSpec, experiment.base as BaseModel);
  }

  async #state(experiment: string, spec: ExperimentSpec, base: BaseModel): Promise<void> {
    this.#enrolClient.beginRoll(experiment);
    await this.#publisher.publish(experimentSubmitted, { spec, base }, { experiment });
  }

  async #finished({ id, rounds, globalDigest }: Experiment): Promise<void> {
    const data = { rounds, globalDigest: globalDigest as Digest };
    await this.#publisher.publish(experimentFinished, data, { experiment: id });
  }
}
