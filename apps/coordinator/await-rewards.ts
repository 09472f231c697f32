import { rewardModelsAwaited, rewardsByServices } from '#contracts';
import { findRound, listPresences, noteRewardsAsked } from '#storage';
import type { CurrentRound } from './current-round.ts';
import type { Turn } from './turn.ts';

/** Asks the reward models of a planned round whether they are there. */
export async function askRewardModels(turn: Turn, { machine }: CurrentRound): Promise<void> {
  const { id: experimentId, spec } = turn.submission;
  const models = [...new Set(rewardsByServices(spec.rewards).map(({ model }) => model))].sort();
  if (models.length === 0) return;
  const { number } = machine.plan;
  await noteRewardsAsked(turn.db, { experimentId, number });
  turn.state(rewardModelsAwaited, { round: number, models });
}

/**
 * The rewards that a round opens without; undefined while it is to wait for their models. A wait ends when all have said that they
 * are there, or when it has lasted `rewards.healthTimeoutMs`, if the spec leaves out who is away.
 */
export async function rewardsLeftOut(turn: Turn, number: number): Promise<readonly string[] | undefined> {
  const { id: experimentId, spec } = turn.submission;
  const services = rewardsByServices(spec.rewards);
  if (services.length === 0) return [];
  const key = { experimentId, number };
  const presences = await listPresences(turn.db, key);
  const present = new Set(presences.filter(({ refused }) => refused === null).map(({ model }) => model));
  const away = services.filter(({ model }) => !present.has(model)).map(({ reward }) => reward);
  if (away.length === 0) return [];
  const waits = (await findRound(turn.db, key))?.rewardWaits ?? 0;
  return spec.rewards.whenAway === 'leave-out' && waits > 0 ? away.sort() : undefined;
}
