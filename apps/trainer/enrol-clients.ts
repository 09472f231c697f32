import { clientEnrolled, enrolmentRefused, type DataOf, type experimentSubmitted } from '#contracts';
import { labelHistogram, majorityClassAccuracy } from '#datasets';
import { type Delivery, Publisher } from '#events';
import { enrolmentStatement, refusalStatement, signJson } from '#ledger';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Experiments } from './experiments.ts';
import { SiteIdentity } from './site-identity.ts';
import type { Submission } from './experiment-file.ts';
import type { HostedClient } from './hosted-client.ts';
import type { OpenExperiment } from './open-experiment.ts';
import { TrainerObserver } from './observer.ts';
import { TrainLocally } from './train-locally.ts';
import { codeOf, messageOf } from './trainer-error.ts';

/**
 * experiment.submitted → client.enrolled for each client that this site hosts, or enrolment.refused with the reason.
 * Opening data and model takes seconds, so it happens outside the handler; a lost submission is stated again on resume.
 */
@Injectable()
export class EnrolClients implements OnApplicationBootstrap {
  private readonly log = new Logger(EnrolClients.name);
  private readonly experiments: Experiments;
  private readonly publisher: Publisher;
  private readonly trainLocally: TrainLocally;
  private readonly observer: TrainerObserver;
  private readonly identity: SiteIdentity;

  constructor(
    experiments: Experiments,
    publisher: Publisher,
    trainLocally: TrainLocally,
    observer: TrainerObserver,
    identity: SiteIdentity,
  ) {
    this.experiments = experiments;
    this.publisher = publisher;
    this.trainLocally = trainLocally;
    this.observer = observer;
    this.identity = identity;
  }

  /** Takes up again what was under way when the site last ended: nobody need ask it a second time. */
  async onApplicationBootstrap(): Promise<void> {
    for (const { id, submission } of await this.experiments.underWay()) this.begin(id, submission);
  }

  handle({ envelope, data }: Delivery<DataOf<typeof experimentSubmitted>>): void {
    this.begin(envelope.experiment, data, envelope.id);
  }

  private begin(id: string, submission: Submission, cause?: string): void {
    this.enrol(id, submission, cause).catch((error: unknown) => {
      this.observer.fault(error instanceof Error ? error : new Error(String(error)));
    });
  }

  private async enrol(id: string, submission: Submission, cause?: string): Promise<void> {
    if (!this.experiments.concerns(submission)) return;
    // At boot every submission that the broker still keeps is heard again.
    if (await this.experiments.hasFinished(id)) return;
    const options = { experiment: id, ...(cause === undefined ? {} : { cause }) };
    let experiment: OpenExperiment;
    try {
      experiment = await this.experiments.open(id, submission);
    } catch (error) {
      const { site } = this.experiments;
      const code = (codeOf(error) ?? 'trainer.failed').slice(0, 100);
      const message = this.tellable(submission, code, messageOf(error)).slice(0, 4000);
      await this.publisher.publish(enrolmentRefused, this.refusal(id, { site, code, message }), options);
      return;
    }
    for (const client of experiment.clients.values()) {
      await this.publisher.publish(clientEnrolled, this.enrolment(experiment, client), options);
    }
    await this.trainLocally.resume(experiment);
  }

  /** What is wrong with a named client's data names file and line; what stands there is said at the site alone. */
  private tellable({ spec }: Submission, code: string, message: string): string {
    if (spec.data.source !== 'sites' || !code.startsWith('data.')) return message;
    this.log.error(message);
    return message.replace(/"(?:[^"\\]|\\.)*"/g, '"…"');
  }

  /** Why the site cannot take part, signed. */
  private refusal(
    experiment: string,
    why: Pick<DataOf<typeof enrolmentRefused>, 'site' | 'code' | 'message'>,
  ): DataOf<typeof enrolmentRefused> {
    const { signer } = this.identity;
    const refusal = { ...why, publicKey: signer.publicKey };
    return { ...refusal, signature: signJson(signer, refusalStatement({ experiment, ...refusal })) };
  }

  /** What the site says of a client, signed. */
  private enrolment(experiment: OpenExperiment, client: HostedClient): DataOf<typeof clientEnrolled> {
    const { labels, notes, generalTest, baseDigest, showsHistograms, learner } = experiment;
    const { name, data, precision, dataDigest, deviceClass } = client;
    const { signer } = this.identity;
    const enrolment = {
      site: this.experiments.site,
      client: name,
      publicKey: signer.publicKey,
      baseDigest,
      basePrecision: precision,
      dataDigest,
      deviceClass,
      examples: { train: data.train.length, personalTest: data.personalTest.length, generalTest: generalTest.length },
      parameters: learner.parametersOf(client),
      labels: [...labels],
      ...(showsHistograms ? { labelHistogram: labelHistogram(data.train, labels.length) } : {}),
      majorityClass: majorityClassAccuracy(data),
    };
    const statement = enrolmentStatement({ experiment: experiment.id, ...enrolment });
    return {
      ...enrolment,
      notes: notes.slice(0, 10).map((note) => note.slice(0, 400)),
      signature: signJson(signer, statement),
    };
  }
}
