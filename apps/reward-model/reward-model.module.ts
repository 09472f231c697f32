import { Publisher } from '#events';
import { RestAccess } from '#operations';
import { ScoringDesk } from '#reward-models';
import { type DynamicModule, Module } from '@nestjs/common';
import { AnnounceModel } from './announce-model.ts';
import { RewardModelInbox } from './inbox.ts';
import { ScoreCompletions } from './score-completions.ts';
import { ScoreController } from './score-controller.ts';

/** One reward model as a service: it scores completions, whoever asks, over events and over HTTP. */
@Module({})
export class RewardModelModule {
  /** Requests at hand at once: the model computes one after the other, the rest waits in its queue. */
  static readonly concurrency = 8;

  static register(parts: {
    readonly desk: ScoringDesk;
    readonly publisher: Publisher;
    /** What is wanted over HTTP; without it only this machine is answered. */
    readonly token?: string | undefined;
  }): DynamicModule {
    return {
      module: RewardModelModule,
      controllers: [RewardModelInbox, ScoreController],
      providers: [
        { provide: ScoringDesk, useValue: parts.desk },
        { provide: RestAccess, useValue: new RestAccess(parts.token) },
        { provide: Publisher, useValue: parts.publisher },
        ScoreCompletions,
        AnnounceModel,
      ],
    };
  }
}
