import { ScoringDesk } from '#reward-models';
import { type DynamicModule, Module } from '@nestjs/common';
import { ScoreController } from './score-controller.ts';

/** One reward model as a service: it scores completions, whoever asks. */
@Module({})
export class RewardModelModule {
  static register(parts: { readonly desk: ScoringDesk }): DynamicModule {
    return {
      module: RewardModelModule,
      controllers: [ScoreController],
      providers: [{ provide: ScoringDesk, useValue: parts.desk }],
    };
  }
}
