import type { clientEnrolled, DataOf, enrolmentRefused, ExperimentSpec } from '#contracts';
import type { Delivery } from '#events';
import { judgeEnrolment, type Enrolment } from '#federation';
import {
  type Client,
  ExperimentRecord,
  findClient,
  insertClient,
  latestRound,
  moveExperiment,
  type Row,
} from '#storage';
import { Injectable } from '@nestjs/common';
import { AdvanceRound } from './advance-round.ts';
import { FailExperiment } from './fail-experiment.ts';
import { planRound } from './plan-round.ts';
import { Submissions, type Submission } from './submissions.ts';

type Enrolled = Delivery<DataOf<typeof clientEnrolled>>;

/** client.enrolled → recorded; once all clients have enrolled in this process's time, the experiment goes on. */
@Injectable()
export class EnrolClient {
  readonly #record: ExperimentRecord;
  readonly #submissions: Submissions;
  readonly #advance: AdvanceRound;
  readonly #failExperiment: FailExperiment;
  /** Who has answered since the submission was last stated: a site must be there before it is asked to train. */
  readonly #present = new Map<string, Set<string>>();

  constructor(
    record: ExperimentRecord,
    submissions: Submissions,
    advance: AdvanceRound,
    failExperiment: FailExperiment,
  ) {
    this.#record = record;
    this.#submissions = submissions;
    this.#advance = advance;
    this.#failExperiment = failExperiment;
  }

  /** Begins the roll of an experiment whose submission is about to be stated. */
  beginRoll(experiment: string): void {
    this.#present.set(experiment, new Set());
  }

  async handle(delivery: Enrolled): Promise<void> {
    const { envelope, data } = delivery;
    const id = envelope.experiment;
    const submission = await this.#submissions.of(id);
    const known = await this.#record.use((db) => findClient(db, id, data.client));
    const expected = { clients: submission.clients, baseDigest: submission.base.digest };
    const verdict = judgeEnrolment(data, expected, known === undefined ? undefined : asEnrolment(known));
    if (verdict.kind === 'refused') {
      await this.#failExperiment.fail(id, verdict.code, verdict.message);
      return;
    }
    if (verdict.kind === 'accepted')
      await this.#record.transaction((db) =>
        insertClient(db, clientRow(delivery), profileOf(submission.spec, data.client, data.deviceClass)),
      );
    const present = this.#present.get(id);
    if (present === undefined) return;
    present.add(data.client);
    if (present.size < submission.clients.size) return;
    this.#present.delete(id);
    await this.#begin(submission, new Date(envelope.time));
  }

  async refused({ envelope, data }: Delivery<DataOf<typeof enrolmentRefused>>): Promise<void> {
    await this.#failExperiment.fail(envelope.experiment, data.code, data.message);
  }

  /** Plans the first round, unless there is one, and asks what the experiment is at. */
  async #begin(submission: Submission, at: Date): Promise<void> {
    const { id, base } = submission;
    await this.#record.transaction(async (db) => {
      if ((await latestRound(db, id)) !== undefined) return;
      await moveExperiment(db, id, 'enrolling', { state: 'running' });
      await planRound(db, submission, 0, base.shared.initial, at);
    });
    await this.#advance.goOn(id);
  }
}

function asEnrolment(client: Client): Enrolment {
  const { name, site, baseDigest, dataDigest } = client;
  return {
    client: name,
    site,
    baseDigest: baseDigest as Enrolment['baseDigest'],
    dataDigest: dataDigest as Enrolment['dataDigest'],
  };
}

function clientRow({ envelope, data }: Enrolled): Row<Client> {
  return {
    experimentId: envelope.experiment,
    name: data.client,
    site: data.site,
    baseDigest: data.baseDigest,
    dataDigest: data.dataDigest,
    deviceClass: data.deviceClass,
    trainExamples: data.examples.train,
    personalTestExamples: data.examples.personalTest,
    generalTestExamples: data.examples.generalTest,
    sharedParameters: data.parameters.shared,
    personalParameters: data.parameters.personal,
    labels: data.labels,
    labelHistogram: data.labelHistogram ?? null,
    majorityClassAccuracy: data.majorityClass,
    publicKey: null,
    enrolledAt: new Date(envelope.time),
  };
}

/** The profile that the spec gives a client to begin with. */
function profileOf(spec: ExperimentSpec, client: string, deviceClass: string) {
  const { rank, alpha, blocks } = { ...spec.lora, ...spec.profiles[client]?.lora };
  return {
    deviceClass,
    loraRank: rank ?? spec.lora.rank,
    loraAlpha: alpha ?? spec.lora.alpha,
    loraBlocks: String(blocks ?? spec.lora.blocks),
  };
}
