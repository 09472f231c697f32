import type { Method } from '#methods';
import type { Learner, LearnerParts } from './learner.ts';
import { PpoLearner } from './ppo-learner.ts';
import { openSiteRewards } from './site-rewards.ts';
import { SupervisedLearner } from './supervised-learner.ts';

/** One way to open each learner that a method may declare. */
const OPENERS: Readonly<Record<Method['learner'], (parts: LearnerParts) => Promise<Learner>>> = {
  supervised: (parts) => SupervisedLearner.open(parts),
  ppo: async (parts) => {
    const rewards = await openSiteRewards({ ...parts, clients: [...parts.data.clients.keys()] });
    try {
      return await PpoLearner.open(parts, rewards);
    } catch (error) {
      await rewards.close();
      throw error;
    }
  },
};

/** Opens the learner of the experiment's method; rejects when model, data or spec do not fit it. */
export function openLearner(parts: LearnerParts): Promise<Learner> {
  return OPENERS[parts.method.learner](parts);
}
