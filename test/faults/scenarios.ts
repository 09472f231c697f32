import { resolve } from 'node:path';
import { experimentSpec, type ExperimentSpec, type ProfileChange } from '#contracts';
import type { Fault } from './moments.ts';

/** A spec in which a contract is bound to occur. */
export type ScenarioName =
  | 'plain'
  | 'lossy'
  | 'withheld'
  | 'refused'
  | 'trained'
  | 'deserted'
  | 'changed'
  | 'scored'
  | 'unscored'
  | 'paced'
  | 'left-out'
  | 'awaiting'
  | 'nobody';

const MODELS = resolve(import.meta.dirname, '../../models');

const TRAINING = { steps: 1, batchSize: 4, learningRate: 5e-3, maxTokens: 16 };

function spec(changes: object): ExperimentSpec {
  return experimentSpec.parse({
    name: 'fault',
    method: 'pftt',
    seed: 3,
    rounds: 2,
    model: resolve(MODELS, 'tiny-encoder'),
    data: { source: 'wordnet-topics', topics: ['animal', 'food', 'person'], limit: 120 },
    clients: { count: 3, partition: { minimumExamples: 5 } },
    training: TRAINING,
    adapters: { width: 4 },
    lora: { rank: 1, alpha: 2, blocks: 1 },
    evaluation: { personalExamples: 6, generalExamples: 6 },
    link: { deadlineMs: 60_000 },
    ...changes,
  });
}

/** Two clients learn from the rewards of services that they share their completions with. */
function rewardedSpec(
  models: readonly string[],
  changes: { readonly rewards?: object; readonly rounds?: number } = {},
) {
  const profile = { shareCompletions: true };
  const rewards = Object.fromEntries(models.map((model) => [model, { model, weight: 1 / models.length }]));
  return experimentSpec.parse({
    name: 'fault',
    method: 'pfit',
    seed: 5,
    rounds: changes.rounds ?? 1,
    model: resolve(MODELS, 'tiny-gpt2'),
    data: { source: 'instructions', limit: 60 },
    clients: { count: 2 },
    // A model that dies as a round opens is waited for: without it the round would be another.
    rewards: { whenAway: 'wait', ...rewards, ...changes.rewards },
    trainableBlocks: 1,
    ppo: { iterations: 1, ownIterations: 1, rollouts: 4, maxNewTokens: 8, epochs: 1 },
    training: { batchSize: 4, learningRate: 1e-3, maxTokens: 48 },
    evaluation: { generalExamples: 4 },
    profiles: { 'client-0': profile, 'client-1': profile },
  });
}

/** The reward models that are services in those, by name. */
export const rewardServices: Readonly<Record<string, string>> = {
  brevity: resolve(import.meta.dirname, '../../examples/reward-models/brevity.ts'),
  contrary: resolve(import.meta.dirname, 'contrary-reward.ts'),
  paced: resolve(import.meta.dirname, 'paced-reward.ts'),
};

/** How a client's profile is changed in the first round, in the scenarios in which it is. */
export const profileChanges: Partial<
  Record<ScenarioName, { readonly client: string; readonly change: ProfileChange }>
> = { changed: { client: 'client-1', change: { lora: { alpha: 4 } } } };

/** Small, and real in every part. */
export const scenarios: Readonly<Record<ScenarioName, ExperimentSpec>> = {
  plain: spec({}),
  // With this seed a download and an upload of the first round take longer, and none of the second.
  lossy: spec({ link: { deadlineMs: 101 }, aggregation: { minContributions: 3 } }),
  // A decay of 10 a step multiplies every parameter by −9: so many steps are more than float32 holds.
  withheld: spec({
    rounds: 1,
    training: {
      ...TRAINING,
      ...{ steps: 60, learningRate: 10, weightDecay: 1, warmupFraction: 0, schedule: 'constant' },
    },
  }),
  refused: spec({ data: { source: 'csv', train: resolve(import.meta.dirname, 'no-such-file.csv') } }),
  // Long enough to be in the middle of.
  trained: spec({ training: { ...TRAINING, steps: 20 } }),
  // Does not wait for long for those who do not come back.
  deserted: spec({ round: { timeoutMs: 10_000 } }),
  // A round that lasts long enough to say something in it.
  changed: spec({ training: { ...TRAINING, steps: 20 } }),
  scored: rewardedSpec(['brevity']),
  unscored: rewardedSpec(['contrary']),
  paced: rewardedSpec(['paced'], { rounds: 2 }),
  'left-out': rewardedSpec(['brevity', 'paced'], {
    rounds: 2,
    rewards: { whenAway: 'leave-out', healthTimeoutMs: 5000 },
  }),
  awaiting: rewardedSpec(['brevity', 'paced'], { rounds: 2, rewards: { healthTimeoutMs: 500 } }),
  nobody: rewardedSpec(['nobody'], { rewards: { healthTimeoutMs: 500 } }),
};

const OCCURS_IN: Readonly<Record<string, ScenarioName>> = {
  'download.lost': 'lossy',
  'upload.lost': 'lossy',
  'round.abandoned': 'lossy',
  'upload.withheld': 'withheld',
  'enrolment.refused': 'refused',
  'experiment.failed': 'refused',
  'profile.changed': 'changed',
  'reward-models.awaited': 'scored',
  'reward-model.announced': 'scored',
  'completions.submitted': 'scored',
  'completions.scored': 'scored',
  'completions.refused': 'unscored',
  'scores.recorded': 'scored',
};

export function scenarioOf({ contract }: Pick<Fault, 'contract'>): ScenarioName {
  return OCCURS_IN[contract] ?? 'plain';
}
