import { clientEnrolled, enrolmentRefused, type DataOf, type experimentSubmitted } from '#contracts';
import { labelHistogram, majorityClassAccuracy } from '#datasets';
import { type Delivery, Publisher } from '#events';
import { parameterCount } from '#parameters';
import { recipeManifest } from '#tuning';
import { Injectable, Logger } from '@nestjs/common';
import { Experiments } from './experiments.ts';
import type { HostedClient, OpenExperiment } from './open-experiment.ts';
import { TrainerObserver } from './observer.ts';
import { TrainLocally } from './train-locally.ts';
import { codeOf, messageOf } from './trainer-error.ts';

/**
 * experiment.submitted → client.enrolled for each client that this site hosts, or enrolment.refused with the reason.
 * Opening data and model takes seconds, so it happens outside the handler; a lost submission is stated again on resume.
 */
@Injectable()
export class EnrolClients {
  private readonly log = new Logger(EnrolClients.name);
  private readonly experiments: Experiments;
  private readonly publisher: Publisher;
  private readonly trainLocally: TrainLocally;
  private readonly observer: TrainerObserver;

  constructor(experiments: Experiments, publisher: Publisher, trainLocally: TrainLocally, observer: TrainerObserver) {
    this.experiments = experiments;
    this.publisher = publisher;
    this.trainLocally = trainLocally;
    this.observer = observer;
  }

  handle({ envelope, data }: Delivery<DataOf<typeof experimentSubmitted>>): void {
    const { experiment, id: cause } = envelope;
    this.enrol(experiment, data, cause).catch((error: unknown) => {
      this.observer.fault(error instanceof Error ? error : new Error(String(error)));
    });
  }

  private async enrol(id: string, submission: DataOf<typeof experimentSubmitted>, cause: string): Promise<void> {
    if (!this.experiments.concerns(submission)) return;
    let experiment: OpenExperiment;
    try {
      experiment = await this.experiments.open(id, submission);
    } catch (error) {
      const { site } = this.experiments;
      const code = (codeOf(error) ?? 'trainer.failed').slice(0, 100);
      const message = this.tellable(submission, code, messageOf(error)).slice(0, 4000);
      await this.publisher.publish(enrolmentRefused, { site, code, message }, { experiment: id, cause });
      return;
    }
    for (const client of experiment.clients.values()) {
      await this.publisher.publish(clientEnrolled, this.enrolment(experiment, client), { experiment: id, cause });
    }
    await this.trainLocally.resume(experiment);
  }

  /** What is wrong with a named client's data names file and line; what stands there is said at the site alone. */
  private tellable({ spec }: DataOf<typeof experimentSubmitted>, code: string, message: string): string {
    if (spec.data.source !== 'sites' || !code.startsWith('data.')) return message;
    this.log.error(message);
    return message.replace(/"(?:[^"\\]|\\.)*"/g, '"…"');
  }

  private enrolment(experiment: OpenExperiment, client: HostedClient): DataOf<typeof clientEnrolled> {
    const { config, labels, notes, generalTest, baseDigest, showsHistograms } = experiment;
    const { name, data, dataDigest, profile, recipes } = client;
    return {
      site: this.experiments.site,
      client: name,
      baseDigest,
      dataDigest,
      deviceClass: profile.deviceClass,
      examples: { train: data.train.length, personalTest: data.personalTest.length, generalTest: generalTest.length },
      parameters: {
        shared: parameterCount(recipeManifest(config, recipes.shared)),
        personal: parameterCount(recipeManifest(config, recipes.personal)),
      },
      labels: [...labels],
      ...(showsHistograms ? { labelHistogram: labelHistogram(data.train, labels.length) } : {}),
      majorityClass: majorityClassAccuracy(data),
      notes: notes.slice(0, 10).map((note) => note.slice(0, 400)),
    };
  }
}
