import type { Connection } from '../connection.ts';

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

const IS_DUE = `state = 'enrolling' AND enrolment_due_at <= clock_timestamp()`;

/** Experiments whose clients have not enrolled in time. */
export async function listDueEnrolments(db: Connection): Promise<string[]> {
  const rows = await db.query<{ id: string }[]>(`SELECT id FROM airtune.experiment WHERE ${IS_DUE}`);
  return rows.map(({ id }) => id);
}

export async function isEnrolmentDue(db: Connection, experimentId: string): Promise<boolean> {
  const sql = `SELECT id FROM airtune.experiment WHERE id = $1 AND ${IS_DUE}`;
  return (await db.query<unknown[]>(sql, [experimentId])).length > 0;
}

/** Experiments that wait for clients to enrol. */
export async function listEnrolling(db: Connection): Promise<string[]> {
  const rows = await db.query<{ id: string }[]>(`SELECT id FROM airtune.experiment WHERE state = 'enrolling'`);
  return rows.map(({ id }) => id);
}
