import { rewardModelsAwaited, rewardsByServices } from '#contracts';
import { findRound, listPresences, listRewardModels, noteRewardsAsked } from '#storage';
import { Logger } from '@nestjs/common';
import type { CurrentRound } from './current-round.ts';
import type { Turn } from './turn.ts';

const log = new Logger('RewardModels');

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
  const away = await awayRewards(turn, number);
  if (away.length === 0) return [];
  const waits = (await findRound(turn.db, { experimentId, number }))?.rewardWaits ?? 0;
  return spec.rewards.whenAway === 'leave-out' && waits > 0 ? away.map(({ reward }) => reward).sort() : undefined;
}

/**
 * Nobody is waited for without a word: after the first wait in vain of a round the ledger has who is away, why as far as it is
 * known, and what would help.
 */
export async function noteRewardsAway(turn: Turn, number: number): Promise<void> {
  const { id: experimentId, spec } = turn.submission;
  if ((await findRound(turn.db, { experimentId, number }))?.rewardWaits !== 1) return;
  const away = await awayRewards(turn, number);
  if (away.length === 0) return;
  const { healthTimeoutMs, whenAway } = spec.rewards;
  const lastSeen = new Map((await listRewardModels(turn.db)).map(({ name, lastSeenAt }) => [name, lastSeenAt]));
  const why = away.map(({ model, refused }) => whyAway(model, refused, lastSeen.get(model)));
  const then = whenAway === 'wait' ? 'waits' : 'goes on without them';
  const message = `Round ${number} has waited for reward models for ${healthTimeoutMs / 1000} s, and ${then}: ${why.join('; ')}.`;
  log.warn(`${experimentId}: ${message}`);
  await turn.note('rewards.away', { round: number, away, waited_ms: healthTimeoutMs, then: whenAway, message });
}

interface AwayReward {
  readonly reward: string;
  readonly model: string;
  /** It is there, as what the experiment did not begin with. */
  readonly refused: 'version-changed' | null;
}

/** The rewards of services that have not said that they are there, or not as what they were. */
async function awayRewards(turn: Turn, number: number): Promise<readonly AwayReward[]> {
  const { id: experimentId, spec } = turn.submission;
  const services = rewardsByServices(spec.rewards);
  if (services.length === 0) return [];
  const presences = await listPresences(turn.db, { experimentId, number });
  return services.flatMap(({ reward, model }) => {
    const said = presences.filter((presence) => presence.model === model);
    return said.some(({ refused }) => refused === null) ? [] : [{ reward, model, refused: said[0]?.refused ?? null }];
  });
}

function whyAway(model: string, refused: AwayReward['refused'], lastSeenAt: Date | undefined): string {
  if (refused !== null)
    return `${model} is not the version that the experiment began with: start that one again, or let the spec allow it (rewards.allowNewVersions)`;
  const known =
    lastSeenAt === undefined
      ? 'nobody has ever started it here'
      : `it was last heard of at ${lastSeenAt.toISOString()}`;
  return `${model} does not answer (${known}): start its service at this broker and under this prefix (AIRTUNE_KAFKA_BROKERS and AIRTUNE_KAFKA_PREFIX, then \`airtune reward serve\`), or name another (\`airtune reward list\`)`;
}
