import { completionsSubmitted, rewardModelsAwaited, type DataOf } from '#contracts';
import { type Delivery, On } from '#events';
import { Controller } from '@nestjs/common';
import { AnnounceModel } from './announce-model.ts';
import { ScoreCompletions } from './score-completions.ts';

/** All that a reward model hears. */
@Controller()
export class RewardModelInbox {
  private readonly scoreCompletions: ScoreCompletions;
  private readonly announce: AnnounceModel;

  constructor(scoreCompletions: ScoreCompletions, announce: AnnounceModel) {
    this.scoreCompletions = scoreCompletions;
    this.announce = announce;
  }

  @On(rewardModelsAwaited)
  awaited(delivery: Delivery<DataOf<typeof rewardModelsAwaited>>): Promise<void> {
    return this.announce.handle(delivery);
  }

  @On(completionsSubmitted)
  submitted(delivery: Delivery<DataOf<typeof completionsSubmitted>>): Promise<void> {
    return this.scoreCompletions.handle(delivery);
  }
}
