import { evaluationReported, uploadSent, uploadWithheld } from '#contracts';
import { Publisher } from '#events';
import { contributionStatement, signJson } from '#ledger';
import { BlobStore } from '#storage';
import { Injectable } from '@nestjs/common';
import type { Answer, ArmEvaluation } from './client-state.ts';
import type { HostedClient } from './hosted-client.ts';
import type { OpenExperiment } from './open-experiment.ts';
import { SiteIdentity } from './site-identity.ts';
import { TrainerSettings } from './settings.ts';

/** States what a client has to say about a round; said again, it is the same words and the same bytes. */
@Injectable()
export class SayAnswer {
  private readonly publisher: Publisher;
  private readonly blobs: BlobStore;
  private readonly settings: TrainerSettings;
  private readonly identity: SiteIdentity;

  constructor(publisher: Publisher, blobs: BlobStore, settings: TrainerSettings, identity: SiteIdentity) {
    this.publisher = publisher;
    this.blobs = blobs;
    this.settings = settings;
    this.identity = identity;
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
    const blob = await this.blobs.put(await client.state.sent(round));
    const { examples, head } = upload;
    const statement = { ...options, round, client: client.name, base: answers, blob, examples, head };
    const signature = signJson(this.identity.signer, contributionStatement(statement));
    await this.publisher.publish(uploadSent, { ...who, ...upload, answers, signature }, { ...options, blob });
  }
}
