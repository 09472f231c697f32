import { Clock } from '#events';
import {
  ExperimentRecord,
  findRewardModel,
  listRewardModels,
  putRewardModel,
  retireRewardModel,
  type KnownRewardModel,
  type RewardModel,
} from '#storage';
import { Injectable } from '@nestjs/common';
import { CoordinatorError } from './coordinator-error.ts';

/** The reward models that specs may name: what announced itself, and what was registered. */
@Injectable()
export class RewardRegistry {
  readonly #record: ExperimentRecord;
  readonly #clock: Clock;

  constructor(record: ExperimentRecord, clock: Clock) {
    this.#record = record;
    this.#clock = clock;
  }

  list(): Promise<RewardModel[]> {
    return this.#record.use(listRewardModels);
  }

  /** Takes a model in, and into service again if it was retired; with a path, runs on this machine start it from there. */
  async register(card: KnownRewardModel & { readonly path?: string }): Promise<RewardModel> {
    await this.#record.transaction((db) => putRewardModel(db, card, this.#clock.now(), 'in-service'));
    return this.#find(card.name);
  }

  /** From now on no new experiment may name it. Throws `reward.unknown`. */
  async retire(name: string): Promise<RewardModel> {
    await this.#record.transaction((db) => retireRewardModel(db, name, this.#clock.now()));
    return this.#find(name);
  }

  /** Takes into service again what was retired. Throws `reward.unknown`. */
  async reinstate(name: string): Promise<RewardModel> {
    await this.#record.transaction((db) => retireRewardModel(db, name, null));
    return this.#find(name);
  }

  async #find(name: string): Promise<RewardModel> {
    const found = await this.#record.use((db) => findRewardModel(db, name));
    if (found !== undefined) return found;
    throw new CoordinatorError(
      'reward.unknown',
      `There is no reward model ${name}; \`airtune reward list\` shows those that are known. A service is known once it has announced itself, as it does when it starts.`,
    );
  }
}
