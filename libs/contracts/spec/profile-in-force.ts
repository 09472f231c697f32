import type { ExperimentSpec, ProfileChange } from './experiment-spec.ts';
import { rewardModels } from './reinforcement-spec.ts';

/** All that a client's profile says: how it tunes, from some round on. */
export interface ProfileInForce {
  readonly deviceClass: string;
  readonly lora: { readonly rank: number; readonly alpha: number; readonly blocks: number | 'all' };
  /** The client's weight of every reward of the spec. */
  readonly rewards: Readonly<Record<string, number>>;
}

/** The profile that a spec gives a client to begin with, on a device of the class that its site says. */
export function firstProfile(spec: ExperimentSpec, client: string, deviceClass: string): ProfileInForce {
  const own = spec.profiles[client];
  const weights = Object.entries(rewardModels(spec.rewards)).map(([reward, { weight }]) => [
    reward,
    own?.rewards?.[reward] ?? weight,
  ]);
  return {
    deviceClass,
    lora: {
      rank: own?.lora?.rank ?? spec.lora.rank,
      alpha: own?.lora?.alpha ?? spec.lora.alpha,
      blocks: own?.lora?.blocks ?? spec.lora.blocks,
    },
    rewards: Object.fromEntries(weights) as Record<string, number>,
  };
}

/** The profile after a change: what that does not name stays. */
export function changedProfile({ deviceClass, lora, rewards }: ProfileInForce, change: ProfileChange): ProfileInForce {
  return {
    deviceClass: change.deviceClass ?? deviceClass,
    lora: {
      rank: change.lora?.rank ?? lora.rank,
      alpha: change.lora?.alpha ?? lora.alpha,
      blocks: change.lora?.blocks ?? lora.blocks,
    },
    rewards: { ...rewards, ...change.rewards },
  };
}
