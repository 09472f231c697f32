import { rewardModelCard, rewardModelName } from '#contracts';
import type { RewardModel } from '#storage';
import { Body, Controller, Get, HttpCode, HttpStatus, Param, Post, Put } from '@nestjs/common';
import { RewardRegistry } from '../reward-registry.ts';
import { rewardModel } from './answers/rows.ts';
import { Answers, AnswersList, Refuses, RestBorder } from './describe-route.ts';
import type { RewardCard } from './requests.ts';

const WRONG_NAME = { [HttpStatus.BAD_REQUEST]: 'what is said of it is wrong; the message names the field' };
const UNKNOWN = { [HttpStatus.NOT_FOUND]: 'there is no such reward model' };

/** The reward models that specs may name. */
@Controller('reward-models')
@RestBorder('reward models')
export class RewardModelsController {
  readonly #registry: RewardRegistry;

  constructor(registry: RewardRegistry) {
    this.#registry = registry;
  }

  @Get()
  @AnswersList(rewardModel, 'Reward models that announced themselves or were registered, by name')
  list(): Promise<RewardModel[]> {
    return this.#registry.list();
  }

  @Put(':name')
  @Answers(rewardModel, 'Register a reward model, and take it into service again if it was retired')
  @Refuses(WRONG_NAME)
  register(
    @Param('name', { schema: rewardModelName }) name: string,
    @Body({ schema: rewardModelCard }) { version, digest, range, standardisation }: RewardCard,
  ): Promise<RewardModel> {
    return this.#registry.register({
      ...{ name, version, digest, rangeLowest: range.lowest, rangeHighest: range.highest },
      standardisationMean: standardisation.mean,
      standardisationDeviation: standardisation.deviation,
    });
  }

  @Post(':name/retire')
  @HttpCode(HttpStatus.OK)
  @Answers(rewardModel, 'Let no new experiment name a reward model; those under way keep it')
  @Refuses({ ...WRONG_NAME, ...UNKNOWN })
  retire(@Param('name', { schema: rewardModelName }) name: string): Promise<RewardModel> {
    return this.#registry.retire(name);
  }

  @Post(':name/reinstate')
  @HttpCode(HttpStatus.OK)
  @Answers(rewardModel, 'Take a reward model into service again that was retired')
  @Refuses({ ...WRONG_NAME, ...UNKNOWN })
  reinstate(@Param('name', { schema: rewardModelName }) name: string): Promise<RewardModel> {
    return this.#registry.reinstate(name);
  }
}
