import { z } from 'zod';
import { rewardModelName, rewardName } from '../vocabulary.ts';

/** A client's weight of a reward; a negative one makes it a penalty. */
export const rewardWeight = z.number().min(-1000).max(1000);

const rewardModel = z.strictObject({
  /** A folder that `reward train` wrote (a path has a slash), or the name of a service. */
  model: z.string().min(1),
  weight: rewardWeight.default(1),
});

export type RewardModelSpec = z.infer<typeof rewardModel>;

/** How rewards are waited for; every other field is a reward model by the reward's name. */
const waiting = {
  timeoutMs: z
    .int()
    .min(100)
    .max(24 * 3600_000)
    .default(60_000),
  /** How long services are waited for before a round opens. */
  healthTimeoutMs: z.int().min(100).max(3600_000).default(5000),
  /** When a reward model is not healthy as a round opens: go on without it, for everyone, or wait for it. */
  whenAway: z.enum(['leave-out', 'wait']).default('leave-out'),
  allowNewVersions: z.boolean().default(false),
};

export const rewardsSpec = z
  .object(waiting)
  .catchall(rewardModel)
  .superRefine((rewards, context) => {
    for (const name of Object.keys(rewards)) {
      if (name in waiting || rewardName.safeParse(name).success) continue;
      const message = 'a reward is named in lower case, digits and dashes, at most 63';
      context.addIssue({ code: 'custom', path: [name], message });
    }
  });

/** The reward models of a spec by name, without the fields that say how they are waited for. */
export function rewardModels(rewards: z.infer<typeof rewardsSpec>): Readonly<Record<string, RewardModelSpec>> {
  const models = Object.entries(rewards).flatMap(([name, model]) => {
    const parsed = rewardModel.safeParse(model);
    return !(name in waiting) && parsed.success ? [[name, parsed.data] as const] : [];
  });
  return Object.fromEntries(models);
}

/** Whether a spec's `model` names a service, which is asked by events; otherwise it is the path of a folder or module. */
export function namesService(model: string): boolean {
  return rewardModelName.safeParse(model).success;
}

/** The rewards of a spec whose models are services, each with its model. */
export function rewardsByServices(
  rewards: z.infer<typeof rewardsSpec>,
): readonly { readonly reward: string; readonly model: string }[] {
  return Object.entries(rewardModels(rewards)).flatMap(([reward, { model }]) =>
    namesService(model) ? [{ reward, model }] : [],
  );
}

const nats = z.number().gt(0).max(1e6);

/** Proximal policy optimisation between download and upload. */
export const ppoSpec = z.strictObject({
  /** Rollout and update, so many times a round. With one alone, KL and distance to the round's start would be zero. */
  iterations: z.int().min(1).max(1000).default(4),
  /** The same after the last download, once and by the client's own weights: what it ends with is its own. 0 keeps what is shared. */
  ownIterations: z.int().min(0).max(1000).default(48),
  /** That of `training` where it is not said. */
  ownLearningRate: z.number().gt(0).max(10).optional(),
  rollouts: z.int().min(1).max(4096).default(32),
  maxNewTokens: z.int().min(1).max(4096).default(32),
  temperature: z.number().gt(0).max(100).default(1),
  epochs: z.int().min(1).max(100).default(2),
  clip: z.number().gt(0).lt(1).default(0.2),
  valueClip: z.number().gt(0).max(1e6).default(0.2),
  valueCoefficient: z.number().min(0).max(1000).default(0.1),
  gamma: z.number().min(0).max(1).default(1),
  gaeLambda: z.number().min(0).max(1).default(0.95),
  kl: z.number().min(0).max(1000).default(0.05),
  klEstimator: z.enum(['k1', 'k3']).default('k1'),
  klReference: z.enum(['base', 'round-start']).default('base'),
  /** Nats a completion. */
  klLimit: nats.default(50),
  /** Steers `kl`; off by default. */
  klTarget: z.strictObject({ target: nats, horizon: z.int().min(1).max(1e9).default(10_000) }).optional(),
  whitenRewards: z.boolean().default(false),
  scoreLimit: z.number().gt(0).max(1e6).default(10),
  emptyScore: z.number().min(-1e6).max(1e6).default(-2),
});

/** What is left out in the tuned blocks: keys that queries do not attend to, and channels that a round neither trains nor sends. */
export const sparsitySpec = z.strictObject({
  attention: z.number().min(0).max(0.95).default(0),
  scope: z.enum(['attention', 'tunable']).default('attention'),
  /** Whether a client on a poorer link leaves out more. */
  adaptToLink: z.boolean().default(true),
});

export const distanceSpec = z.strictObject({ lambda: z.number().min(0).max(1e6).default(0.01) });
