import { In } from 'typeorm';
import { OutgoingFact } from '../entities/outgoing-fact.ts';
import type { Connection } from '../record.ts';

/** Any constant that no other advisory lock of this database begins with: "outbox" on a telephone's keys. */
const OUTBOX_LOCK = 688_269;

export type NewFact = Omit<OutgoingFact, 'id'>;

/** Puts facts into the outbox, within the transaction of their cause. */
export async function stateFacts(db: Connection, facts: readonly NewFact[]): Promise<void> {
  for (const { experimentId, contract, data, blob, statedAt } of facts)
    await db.query(
      'INSERT INTO airtune.outbox (experiment_id, contract, data, blob, stated_at) VALUES ($1, $2, $3, $4, $5)',
      [experimentId, contract, JSON.stringify(data), blob, statedAt],
    );
}

/**
 * Makes this transaction the one that publishes an experiment's facts; answers false while another does. Forgetting a
 * fact need not be durable: after a crash it is published again, and changes nothing.
 */
export async function claimOutbox(db: Connection, experimentId: string): Promise<boolean> {
  const [claim] = await db.query<{ claimed: boolean }[]>(
    `SELECT set_config('synchronous_commit', 'off', true), pg_try_advisory_xact_lock($1, hashtext($2)) AS claimed`,
    [OUTBOX_LOCK, experimentId],
  );
  return claim?.claimed === true;
}

/** An experiment's facts that are still to be published, in the order in which they were stated. */
export function listOutgoing(db: Connection, experimentId: string, limit: number): Promise<OutgoingFact[]> {
  return db.find(OutgoingFact, { where: { experimentId }, order: { id: 'ASC' }, take: limit });
}

/** Forgets facts that were published. */
export async function forgetOutgoing(db: Connection, ids: readonly number[]): Promise<void> {
  await db.delete(OutgoingFact, { id: In([...ids]) });
}

/** The experiments of which something is still to be published. */
export async function listUnpublished(db: Connection): Promise<string[]> {
  const rows = await db.query<{ id: string }[]>('SELECT DISTINCT experiment_id AS id FROM airtune.outbox');
  return rows.map(({ id }) => id);
}
