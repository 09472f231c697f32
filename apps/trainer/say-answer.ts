import { evaluationReported, uploadSent, uploadWithheld } from '#contracts';
import { Publisher } from '#events';
import { BlobStore } from '#storage';
import { Injectable } from '@nestjs/common';
import type { Answer, ArmEvaluation } from './client-state.ts';
import type { HostedClient, OpenExperiment } from './open-experiment.ts';
import { TrainerSettings } from './settings.ts';

/** States what a client has to say about a round; said again, it is the same words and the same bytes. */
@Injectable()
export class SayAnswer {
  private readonly publisher: Publisher;
  private readonly blobs: BlobStore;
  private readonly settings: TrainerSettings;

  constructor(publisher: Publisher, blobs: BlobStore, settings: TrainerSettings) {
    this.publisher = publisher;
    this.blobs = blobs;
    this.settings = settings;
  }

  /** evaluation.reported, of the model that the client holds once `round`'s download has arrived. */
  async evaluation(
    experiment: OpenExperiment,
    client: HostedClient,
    round: number,
    said: ArmEvaluation,
  ): Promise<void> {
    const data = { ...said, client: client.name, site: this.settings.site, afterRound: round - 1 };
    await this.publisher.publish(evaluationReported, data, { experiment: experiment.id });
  }

  /** upload.sent with the shared tensors, or upload.withheld with the reason; nothing when the client did not train. */
  async outcome(
    experiment: OpenExperiment,
    client: HostedClient,
    { round, answers, upload, withheld }: Answer,
  ): Promise<void> {
    const who = { round, client: client.name, site: this.settings.site };
    const options = { experiment: experiment.id };
    if (withheld !== undefined) await this.publisher.publish(uploadWithheld, { ...who, ...withheld }, options);
    if (upload === undefined || answers === null) return;
    const { shared } = await client.state.tensors(round, 'federated');
    const digest = await this.blobs.put(shared);
    await this.publisher.publish(uploadSent, { ...who, ...upload, answers }, { ...options, blob: digest });
  }
}
