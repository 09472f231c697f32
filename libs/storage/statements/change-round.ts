import { In, IsNull } from 'typeorm';
import { CohortMember } from '../entities/cohort-member.ts';
import { Round } from '../entities/round.ts';
import type { Connection } from '../record.ts';

export interface RoundKey {
  readonly experimentId: string;
  readonly number: number;
}

export type NewRound = Pick<
  Round,
  'experimentId' | 'number' | 'purpose' | 'globalBeforeDigest' | 'globalBeforeBytes' | 'deadlineMs' | 'plannedAt'
>;

/** Records that a round is planned. */
export async function insertRound(db: Connection, round: NewRound): Promise<void> {
  await db.insert(Round, { ...round, stage: 'planned' });
}

/** The round of the highest number, closed or not. */
export async function latestRound(db: Connection, experimentId: string): Promise<Round | undefined> {
  const [round] = await db.find(Round, { where: { experimentId }, order: { number: 'DESC' }, take: 1 });
  return round;
}

export async function findRound(db: Connection, key: RoundKey): Promise<Round | undefined> {
  return (await db.findOneBy(Round, { ...key })) ?? undefined;
}

/** Opens a planned round, and sets when the wall clock closes it; answers false when it was not merely planned any more. */
export async function openPlannedRound(
  db: Connection,
  key: RoundKey,
  { timeoutMs, ...opening }: Pick<Round, 'channelOrder'> & { readonly openedAt: Date; readonly timeoutMs: number },
): Promise<boolean> {
  const timesOutAt = inTime(timeoutMs);
  const { affected } = await db.update(Round, { ...key, stage: 'planned' }, { stage: 'open', ...opening, timesOutAt });
  return affected === 1;
}

/** Gives an open round at least so much time from now on. */
export async function allowRoundMore(db: Connection, key: RoundKey, leastMs: number): Promise<void> {
  const timesOutAt = (): string => `greatest(times_out_at, ${inTime(leastMs)()})`;
  await db.update(Round, { ...key, stage: 'open' }, { timesOutAt });
}

/** Notes that all answers of a round are in; closing it is then a matter of this process, or of whoever comes after it. */
export async function noteAnswered(db: Connection, key: RoundKey): Promise<void> {
  await db.update(Round, { ...key, answeredAt: IsNull() }, { answeredAt: inTime(0) });
}

/** Open rounds whose time is up, and those whose closing was begun some time ago and is not done. */
export async function listDueRounds(db: Connection): Promise<{ experimentId: string; number: number }[]> {
  return db.query(
    `SELECT experiment_id AS "experimentId", number FROM airtune.round WHERE stage = 'open'
      AND (times_out_at <= clock_timestamp() OR answered_at <= clock_timestamp() - interval '5 seconds')`,
  );
}

/** By the database's clock, which is one for all replicas; to the millisecond, as times in the ledger are. */
function inTime(ms: number): () => string {
  return () => `date_trunc('milliseconds', clock_timestamp() + interval '${Math.round(ms)} milliseconds')`;
}

/** The cohort of a round, in no particular order. */
export function listCohort(db: Connection, { experimentId, number }: RoundKey): Promise<CohortMember[]> {
  return db.find(CohortMember, { where: { experimentId, round: number } });
}

export type RoundEnding = Pick<Round, 'stage' | 'timedOut' | 'missingClients' | 'abandonReason' | 'closedAt'> &
  Pick<Round, 'globalAfterDigest' | 'globalAfterBytes'>;

/** Closes a round; answers false when it was closed already. */
export async function closeRound(db: Connection, key: RoundKey, ending: RoundEnding): Promise<boolean> {
  const { affected } = await db.update(Round, { ...key, stage: In(['planned', 'open']) }, { ...ending });
  return affected === 1;
}
