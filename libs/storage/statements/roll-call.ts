import type { Connection } from '../connection.ts';
import { untilThen, type Wait } from './wait.ts';

/** Notes that a client has answered the last submission of its experiment. */
export async function answerRoll(db: Connection, experimentId: string, client: string): Promise<void> {
  await db.query('INSERT INTO airtune.roll_call VALUES ($1, $2) ON CONFLICT DO NOTHING', [experimentId, client]);
}

/** How many clients have answered it. */
export async function countRoll(db: Connection, experimentId: string): Promise<number> {
  const [found] = await db.query<{ present: number }[]>(
    'SELECT count(*)::int AS present FROM airtune.roll_call WHERE experiment_id = $1',
    [experimentId],
  );
  return found?.present ?? 0;
}

/** Begins the roll anew: the submission is about to be stated again. */
export async function beginRoll(db: Connection, experimentId: string): Promise<void> {
  await db.query('DELETE FROM airtune.roll_call WHERE experiment_id = $1', [experimentId]);
}

/** Who has answered it. */
export async function listRoll(db: Connection, experimentId: string): Promise<string[]> {
  const rows = await db.query<{ client: string }[]>('SELECT client FROM airtune.roll_call WHERE experiment_id = $1', [
    experimentId,
  ]);
  return rows.map(({ client }) => client);
}

/** Gives clients at least so much time from now on, by the database's clock, which is one for all replicas. */
export async function allowEnrolment(db: Connection, experimentId: string, leastMs: number): Promise<void> {
  await db.query(
    `UPDATE airtune.experiment
      SET enrolment_due_at = greatest(enrolment_due_at, clock_timestamp() + $2 * interval '1 millisecond') WHERE id = $1`,
    [experimentId, leastMs],
  );
}

/** Experiments whose clients are still to enrol. */
export function listEnrolling(db: Connection): Promise<({ readonly id: string } & Wait)[]> {
  return db.query(
    `SELECT id, ${untilThen('enrolment_due_at', `(spec #>> '{enrolment,timeoutMs}')::float8`)}
      FROM airtune.experiment WHERE state = 'enrolling'`,
  );
}

/** Whether an experiment still waits for the same moment. */
export async function isWaitingUntil(db: Connection, experimentId: string, until: string): Promise<boolean> {
  const sql = `SELECT id FROM airtune.experiment
    WHERE id = $1 AND state = 'enrolling' AND enrolment_due_at = $2::timestamptz`;
  return (await db.query<unknown[]>(sql, [experimentId, until])).length > 0;
}
