import { completionsSubmitted, type DataOf } from '#contracts';
import { type Delivery, On } from '#events';
import { Controller } from '@nestjs/common';
import { ScoreCompletions } from './score-completions.ts';

/** All that a reward model hears. */
@Controller()
export class RewardModelInbox {
  private readonly scoreCompletions: ScoreCompletions;

  constructor(scoreCompletions: ScoreCompletions) {
    this.scoreCompletions = scoreCompletions;
  }

  @On(completionsSubmitted)
  submitted(delivery: Delivery<DataOf<typeof completionsSubmitted>>): Promise<void> {
    return this.scoreCompletions.handle(delivery);
  }
}
