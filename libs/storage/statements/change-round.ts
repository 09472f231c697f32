import { CohortMember } from '../entities/cohort-member.ts';
import { Round } from '../entities/round.ts';
import { ask, type Connection } from '../connection.ts';
import { asColumns, type Columns } from './record-history.ts';
import { untilThen, type Wait } from './wait.ts';

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
  await ask(
    db,
    `INSERT INTO airtune.round
      (experiment_id, number, purpose, stage, global_before_digest, global_before_bytes, deadline_ms, planned_at)
      VALUES ($1, $2, $3, 'planned', $4, $5, $6, $7)`,
    [
      round.experimentId,
      round.number,
      round.purpose,
      round.globalBeforeDigest,
      round.globalBeforeBytes,
      round.deadlineMs,
      round.plannedAt,
    ],
  );
}

/** The round of the highest number, closed or not. */
export async function latestRound(db: Connection, experimentId: string): Promise<Round | undefined> {
  const [round] = await db.find(Round, { where: { experimentId }, order: { number: 'DESC' }, take: 1 });
  return round;
}

export async function findRound(db: Connection, key: RoundKey): Promise<Round | undefined> {
  return (await db.findOneBy(Round, { ...key })) ?? undefined;
}

/**
 * Opens a planned round, and sets when the wall clock closes it; answers the row as it now is, undefined when it was not
 * merely planned any more.
 */
export async function openPlannedRound(
  db: Connection,
  { experimentId, number }: RoundKey,
  {
    openedAt,
    timeoutMs,
    channelOrder,
    leftOut,
  }: Pick<Round, 'channelOrder'> & {
    readonly openedAt: Date;
    readonly timeoutMs: number;
    readonly leftOut: readonly string[];
  },
): Promise<Columns | undefined> {
  const [row] = await ask<Columns>(
    db,
    `UPDATE airtune.round SET stage = 'open', opened_at = $3, channel_order = $4, left_out_rewards = $5, times_out_at = ${inTime(timeoutMs)()}
      WHERE experiment_id = $1 AND number = $2 AND stage = 'planned' RETURNING *`,
    [experimentId, number, openedAt, channelOrder, JSON.stringify(leftOut)],
  );
  return row && asColumns(row);
}

/** Gives an open round at least so much time from now on. */
export async function allowRoundMore(db: Connection, key: RoundKey, leastMs: number): Promise<void> {
  const timesOutAt = (): string => `greatest(times_out_at, ${inTime(leastMs)()})`;
  await db.update(Round, { ...key, stage: 'open' }, { timesOutAt });
}

/** Notes that all answers of a round are in; closing it is then a matter of this process, or of whoever comes after it. */
export async function noteAnswered(db: Connection, key: RoundKey): Promise<void> {
  await ask(
    db,
    `UPDATE airtune.round SET answered_at = ${inTime(0)()}
      WHERE experiment_id = $1 AND number = $2 AND answered_at IS NULL`,
    [key.experimentId, key.number],
  );
}

/** Closing that was begun so long ago and is not done was begun by a process that is gone. */
const CLOSING_MS = 5000;

/** What open rounds wait for: their end by the clock, and once all answers are in to be closed by whoever has that in hand. */
export function listOpenRounds(db: Connection): Promise<(RoundKey & Wait)[]> {
  const open = `airtune.round AS r JOIN airtune.experiment AS e ON e.id = r.experiment_id
    WHERE r.stage = 'open' AND e.state = 'running'`;
  return db.query(
    `SELECT r.experiment_id AS "experimentId", r.number, ${untilThen('r.times_out_at', `(e.spec #>> '{round,timeoutMs}')::float8`)}
      FROM ${open}
      UNION ALL
      SELECT r.experiment_id, r.number, ${untilThen(`r.answered_at + interval '${CLOSING_MS} milliseconds'`, String(CLOSING_MS))}
      FROM ${open} AND r.answered_at IS NOT NULL`,
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

/** Closes a round; answers the row as it now is, undefined when it was closed already. */
export async function closeRound(
  db: Connection,
  { experimentId, number }: RoundKey,
  ending: RoundEnding,
): Promise<Columns | undefined> {
  const [row] = await ask<Columns>(
    db,
    `UPDATE airtune.round SET stage = $3, timed_out = $4, missing_clients = $5, abandon_reason = $6, closed_at = $7,
      global_after_digest = $8, global_after_bytes = $9
      WHERE experiment_id = $1 AND number = $2 AND stage IN ('planned', 'open') RETURNING *`,
    [
      experimentId,
      number,
      ending.stage,
      ending.timedOut,
      JSON.stringify(ending.missingClients),
      ending.abandonReason,
      ending.closedAt,
      ending.globalAfterDigest,
      ending.globalAfterBytes,
    ],
  );
  return row && asColumns(row);
}
