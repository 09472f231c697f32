import { NO_EXPERIMENT, rewardModelAnnounced, type DataOf, type rewardModelsAwaited } from '#contracts';
import { type Delivery, Publisher } from '#events';
import { ScoringDesk } from '#reward-models';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';

/** What is scored to see whether scoring works. */
const TRIAL = { prompt: 'Are you there?', completion: 'Yes.' };

/** Says that the reward model is there: at boot, and whenever a round awaits it and it can score. */
@Injectable()
export class AnnounceModel implements OnApplicationBootstrap {
  private readonly log = new Logger(AnnounceModel.name);
  private readonly desk: ScoringDesk;
  private readonly publisher: Publisher;

  constructor(desk: ScoringDesk, publisher: Publisher) {
    this.desk = desk;
    this.publisher = publisher;
  }

  /** Nobody need be there to hear it yet: the coordinator hears of the model again when a round awaits it. */
  onApplicationBootstrap(): void {
    this.publisher.publish(rewardModelAnnounced, this.card(), { experiment: NO_EXPERIMENT }).catch((error: unknown) => {
      this.log.warn(`Not announced: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  /** One that cannot score is away, whatever its service says: it stays silent. */
  async handle({ envelope, data }: Delivery<DataOf<typeof rewardModelsAwaited>>): Promise<void> {
    const { name } = this.desk.model.card;
    if (!data.models.includes(name)) return;
    try {
      await this.desk.model.score([TRIAL]);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.log.warn(`${name} cannot score, and is away in round ${data.round} of ${envelope.experiment}: ${why}`);
      return;
    }
    const options = { experiment: envelope.experiment, cause: envelope.id };
    await this.publisher.publish(rewardModelAnnounced, { ...this.card(), round: data.round }, options);
  }

  private card(): DataOf<typeof rewardModelAnnounced> {
    const { name: model, version, digest, range, standardisation } = this.desk.model.card;
    return { model, version, digest, range: { ...range }, standardisation: { ...standardisation } };
  }
}
