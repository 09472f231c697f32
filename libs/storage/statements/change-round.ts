import { In } from 'typeorm';
import type { Row } from '../entities/row.ts';
import { CohortMember } from '../entities/cohort-member.ts';
import { Round } from '../entities/round.ts';
import type { Connection } from '../record.ts';
import { insertOnce } from './insert-once.ts';

export interface RoundKey {
  readonly experimentId: string;
  readonly number: number;
}

export type NewRound = Pick<
  Round,
  'experimentId' | 'number' | 'purpose' | 'globalBeforeDigest' | 'globalBeforeBytes' | 'deadlineMs' | 'plannedAt'
>;

/** Records that a round is planned; answers false when it was already. */
export async function insertRound(db: Connection, round: NewRound): Promise<boolean> {
  return (await insertOnce(db, Round, [{ ...round, stage: 'planned' }])) === 1;
}

/** The round of the highest number, closed or not. */
export async function latestRound(db: Connection, experimentId: string): Promise<Round | undefined> {
  const [round] = await db.find(Round, { where: { experimentId }, order: { number: 'DESC' }, take: 1 });
  return round;
}

export async function findRound(db: Connection, key: RoundKey): Promise<Round | undefined> {
  return (await db.findOneBy(Round, { ...key })) ?? undefined;
}

/** Opens a planned round for its cohort; answers false when it was not merely planned any more. */
export async function openPlannedRound(
  db: Connection,
  key: RoundKey,
  cohort: readonly Row<CohortMember>[],
  openedAt: Date,
): Promise<boolean> {
  const { affected } = await db.update(Round, { ...key, stage: 'planned' }, { stage: 'open', openedAt });
  if (affected !== 1) return false;
  await insertOnce(db, CohortMember, cohort);
  return true;
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
