import { IsNull } from 'typeorm';
import { RewardModel } from '../entities/reward-model.ts';
import { RewardPresence } from '../entities/reward-presence.ts';
import { Round } from '../entities/round.ts';
import type { Connection } from '../connection.ts';
import type { RoundKey } from './change-round.ts';
import { untilThen, type Wait } from './wait.ts';

/** What a reward model says of itself. */
export type KnownRewardModel = Omit<RewardModel, 'path' | 'firstSeenAt' | 'lastSeenAt' | 'retiredAt'>;

/** Takes in what a reward model says of itself; one that was retired stays so, unless it is to be `in-service` again. */
export async function putRewardModel(
  db: Connection,
  model: KnownRewardModel & { readonly path?: string },
  at: Date,
  then: 'as-it-was' | 'in-service' = 'as-it-was',
): Promise<void> {
  const { name, version, digest, path } = model;
  await db.query(
    `INSERT INTO airtune.reward_model (name, version, digest, range_lowest, range_highest, standardisation_mean,
        standardisation_deviation, path, first_seen_at, last_seen_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
      ON CONFLICT (name) DO UPDATE SET version = $2, digest = $3, range_lowest = $4, range_highest = $5,
        standardisation_mean = $6, standardisation_deviation = $7, last_seen_at = $9,
        path = coalesce($8, airtune.reward_model.path),
        retired_at = CASE WHEN $10::boolean THEN NULL ELSE airtune.reward_model.retired_at END`,
    [
      ...[name, version, digest, model.rangeLowest, model.rangeHighest],
      ...[model.standardisationMean, model.standardisationDeviation, path ?? null, at, then === 'in-service'],
    ],
  );
}

/** All of them, in ascending order of names. */
export function listRewardModels(db: Connection): Promise<RewardModel[]> {
  return db.find(RewardModel, { order: { name: 'ASC' } });
}

/** Retires a reward model, or with `null` takes it into service again. Either twice is the same as once. */
export async function retireRewardModel(db: Connection, name: string, at: Date | null): Promise<void> {
  await db.update(RewardModel, { name, ...(at === null ? {} : { retiredAt: IsNull() }) }, { retiredAt: at });
}

export async function findRewardModel(db: Connection, name: string): Promise<RewardModel | undefined> {
  return (await db.findOneBy(RewardModel, { name })) ?? undefined;
}

/** What reward models said before this round opened. */
export function listPresences(db: Connection, { experimentId, number }: RoundKey): Promise<RewardPresence[]> {
  return db.find(RewardPresence, { where: { experimentId, round: number } });
}

/** The digest with which a reward model was first there in an experiment. */
export async function firstDigest(db: Connection, experimentId: string, model: string): Promise<string | undefined> {
  const [first] = await db.find(RewardPresence, {
    where: { experimentId, model, refused: IsNull() },
    order: { round: 'ASC' },
    take: 1,
  });
  return first?.digest;
}

const NOW = "date_trunc('milliseconds', clock_timestamp())";

/** Notes that reward models were asked whether they are there. */
export async function noteRewardsAsked(db: Connection, key: RoundKey): Promise<void> {
  await db.update(Round, { ...key, stage: 'planned' }, { rewardsAskedAt: () => NOW });
}

/** Planned rounds that wait for their reward models. */
export function listAwaitingRounds(db: Connection): Promise<(RoundKey & Wait)[]> {
  const timeoutMs = `(e.spec #>> '{rewards,healthTimeoutMs}')::float8`;
  return db.query(
    `SELECT r.experiment_id AS "experimentId", r.number,
      ${untilThen(`r.rewards_asked_at + ${timeoutMs} * interval '1 millisecond'`, timeoutMs)}
      FROM airtune.round AS r JOIN airtune.experiment AS e ON e.id = r.experiment_id
      WHERE r.stage = 'planned' AND e.state = 'running' AND r.rewards_asked_at IS NOT NULL`,
  );
}

/** Notes that such a wait was in vain; answers false when another replica has done so. */
export async function noteRewardsWaited(
  db: Connection,
  { experimentId, number, until }: RoundKey & Pick<Wait, 'until'>,
): Promise<boolean> {
  const [, affected] = await db.query<[unknown, number]>(
    `UPDATE airtune.round AS r SET reward_waits = r.reward_waits + 1, rewards_asked_at = ${NOW}
      FROM airtune.experiment AS e WHERE r.experiment_id = $1 AND r.number = $2 AND r.stage = 'planned'
        AND e.id = r.experiment_id AND e.state = 'running' AND $3::timestamptz
          = r.rewards_asked_at + (e.spec #>> '{rewards,healthTimeoutMs}')::float8 * interval '1 millisecond'`,
    [experimentId, number, until],
  );
  return affected === 1;
}
