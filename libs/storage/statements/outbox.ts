import type { OutgoingFact } from '../entities/outgoing-fact.ts';
import { ask, type Connection } from '../connection.ts';

/** Any constant that no other advisory lock of this database begins with: "outbox" on a telephone's keys. */
const OUTBOX_LOCK = 688_269;

export type NewFact = Omit<OutgoingFact, 'id'>;

/** Puts facts into the outbox, within the transaction of their cause. */
export async function stateFacts(db: Connection, facts: readonly NewFact[]): Promise<void> {
  const stated = facts.map(({ experimentId, contract, data, blob, statedAt }) =>
    ask(db, 'INSERT INTO airtune.outbox (experiment_id, contract, data, blob, stated_at) VALUES ($1, $2, $3, $4, $5)', [
      experimentId,
      contract,
      JSON.stringify(data),
      blob,
      statedAt,
    ]),
  );
  await Promise.all(stated);
}

/**
 * Makes this transaction the one that publishes an experiment's facts; answers false while another does. Forgetting a
 * fact need not be durable: after a crash it is published again, and changes nothing.
 */
export async function claimOutbox(db: Connection, experimentId: string): Promise<boolean> {
  const [claim] = await ask<{ claimed: boolean }>(
    db,
    `SELECT set_config('synchronous_commit', 'off', true), pg_try_advisory_xact_lock($1, hashtext($2)) AS claimed`,
    [OUTBOX_LOCK, experimentId],
  );
  return claim?.claimed === true;
}

/** An experiment's facts that are still to be published, in the order in which they were stated. */
export function listOutgoing(db: Connection, experimentId: string, limit: number): Promise<OutgoingFact[]> {
  return ask(
    db,
    `SELECT id, experiment_id AS "experimentId", contract, data, blob, stated_at AS "statedAt"
      FROM airtune.outbox WHERE experiment_id = $1 ORDER BY id LIMIT $2`,
    [experimentId, limit],
  );
}

/** Forgets facts that were published. */
export async function forgetOutgoing(db: Connection, ids: readonly number[]): Promise<void> {
  await ask(db, 'DELETE FROM airtune.outbox WHERE id = ANY($1)', [ids]);
}

/** The experiments of which something is still to be published. */
export async function listUnpublished(db: Connection): Promise<string[]> {
  const rows = await db.query<{ id: string }[]>('SELECT DISTINCT experiment_id AS id FROM airtune.outbox');
  return rows.map(({ id }) => id);
}
