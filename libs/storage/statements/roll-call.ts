import type { Connection } from '../record.ts';

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
