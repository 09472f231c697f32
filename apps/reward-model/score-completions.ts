import { completionsRefused, completionsScored, type completionsSubmitted, type DataOf } from '#contracts';
import { type Delivery, Publisher } from '#events';
import { ScoringDesk } from '#reward-models';
import { Injectable } from '@nestjs/common';

/** Scores a client's completions and says so to its site; what the model cannot score is refused, with its reason. */
@Injectable()
export class ScoreCompletions {
  private readonly desk: ScoringDesk;
  private readonly publisher: Publisher;

  constructor(desk: ScoringDesk, publisher: Publisher) {
    this.desk = desk;
    this.publisher = publisher;
  }

  async handle({ envelope, data }: Delivery<DataOf<typeof completionsSubmitted>>): Promise<void> {
    const { items, ...asked } = data;
    const { version, digest, range } = this.desk.model.card;
    const options = { experiment: envelope.experiment, cause: envelope.id };
    let scores;
    try {
      scores = await this.desk.answer({ request: data.request, items });
    } catch (error) {
      const { code, retryable } = error as { readonly code?: unknown; readonly retryable?: unknown };
      const refusal = {
        code: typeof code === 'string' ? code : 'reward.failed',
        message: error instanceof Error ? error.message.slice(0, 2000) : String(error),
        retryable: retryable === true,
      };
      await this.publisher.publish(completionsRefused, { ...asked, ...refusal }, options);
      return;
    }
    const answer = { ...asked, version, digest, range: { ...range }, scores: [...scores] };
    await this.publisher.publish(completionsScored, answer, options);
  }
}
