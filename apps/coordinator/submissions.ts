import { experimentSpec, type BaseModel, type ExperimentSpec } from '#contracts';
import { clientNames } from '#federation';
import { ExperimentRecord, findExperiment } from '#storage';
import { Injectable } from '@nestjs/common';

/** What was submitted: it never changes. */
export interface Submission {
  readonly id: string;
  readonly spec: ExperimentSpec;
  readonly base: BaseModel;
  readonly clients: ReadonlySet<string>;
}

/** A submission with the names of its clients. */
export function submissionOf(id: string, spec: ExperimentSpec, base: BaseModel): Submission {
  return { id, spec, base, clients: new Set(clientNames(spec.clients)) };
}

/** The submissions that this process works on, read from the record once. */
@Injectable()
export class Submissions {
  readonly #record: ExperimentRecord;
  readonly #known = new Map<string, Submission>();

  constructor(record: ExperimentRecord) {
    this.#record = record;
  }

  /** Throws `storage.experiment-unknown`. */
  async of(id: string): Promise<Submission> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const { spec, base } = await this.#record.use((db) => findExperiment(db, id));
    const submission = submissionOf(id, experimentSpec.parse(spec), base as BaseModel);
    this.#known.set(id, submission);
    return submission;
  }

  forget(id: string): void {
    this.#known.delete(id);
  }
}
