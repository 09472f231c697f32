import type { completionsRefused, completionsScored, DataOf } from '#contracts';
import type { Delivery } from '#events';
import { ScoreStore, type StoredAnswer } from '#reward-models';
import { Injectable } from '@nestjs/common';
import { Experiments } from './experiments.ts';
import type { SiteRewards } from './site-rewards.ts';
import { TrainerSettings } from './settings.ts';
import { scoresFolder } from './site-folders.ts';

/**
 * completions.scored, completions.refused → whoever waits for them, outside of the consumer. Scores are on disk before the
 * handler returns, also of an experiment that is not open again yet: a restart asks nothing twice.
 */
@Injectable()
export class HearScores {
  private readonly experiments: Experiments;
  private readonly settings: TrainerSettings;

  constructor(experiments: Experiments, settings: TrainerSettings) {
    this.experiments = experiments;
    this.settings = settings;
  }

  /** What was never asked from here, or of another model, is passed over. */
  async scored({ envelope, data }: Delivery<DataOf<typeof completionsScored>>): Promise<void> {
    const { request, model, version, digest, range, scores } = data;
    const store = this.storeOf(envelope.experiment);
    if ((await store.askedModel(request)) !== model) return;
    const answer: StoredAnswer = { request, model, version, digest, range, scores };
    await store.keepAnswer(answer);
    this.tell(envelope.experiment, ({ services }) => {
      services.hear(answer);
    });
  }

  /** As for answers: only the model that was asked may refuse. */
  async refused({ envelope, data }: Delivery<DataOf<typeof completionsRefused>>): Promise<void> {
    if ((await this.storeOf(envelope.experiment).askedModel(data.request)) !== data.model) return;
    this.tell(envelope.experiment, ({ services }) => {
      services.hearRefused(data);
    });
  }

  private storeOf(experiment: string): ScoreStore {
    const { home, site } = this.settings;
    return new ScoreStore(scoresFolder(home, site, experiment));
  }

  private tell(experiment: string, tell: (rewards: SiteRewards) => void): void {
    this.experiments.find(experiment)?.then(
      ({ learner }) => {
        if (learner.rewards !== undefined) tell(learner.rewards);
      },
      // Why it could not be opened was said in enrolment.refused.
      () => undefined,
    );
  }
}
