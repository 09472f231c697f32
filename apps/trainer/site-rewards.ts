import { join } from 'node:path';
import { rewardModels } from '#contracts';
import { InSiteScorer, openRewardModel, ScoreStore, type RewardModel } from '#reward-models';
import type { RewardScorer } from '#tuning';
import type { LearnerParts } from './learner.ts';
import { TrainerError } from './trainer-error.ts';

/** The reward models of an experiment, open at this site: no text leaves it. */
export interface SiteRewards {
  readonly scorer: RewardScorer;
  close(): Promise<void>;
}

/** Opens each model that the spec names by its folder. Rejects as `openRewardModel`, and with `spec.rewards` when there is none. */
export async function openSiteRewards({ id, folder, spec }: LearnerParts): Promise<SiteRewards> {
  const named = Object.entries(rewardModels(spec.rewards));
  if (named.length === 0)
    throw new TrainerError(
      'spec.rewards',
      `rewards: ${spec.method} needs at least one reward model, by name: { model, weight }.`,
    );
  const opened = new Map<string, RewardModel>();
  const close = async (): Promise<void> => {
    await Promise.all([...opened.values()].map((model) => model.close()));
  };
  try {
    for (const [reward, { model }] of named) opened.set(reward, await openRewardModel(model));
  } catch (error) {
    await close();
    throw error;
  }
  const scorer = new InSiteScorer(opened, {
    experiment: id,
    // The site knows them by the rewards' names: paths differ from site to site.
    models: new Map(named.map(([reward]) => [reward, reward])),
    store: new ScoreStore(join(folder, 'scores')),
    allowVersionChange: spec.rewards.allowNewVersions,
  });
  return { scorer, close };
}
