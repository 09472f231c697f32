import type { LedgerHead } from '#ledger';
import type { Row } from '../entities/row.ts';
import { Coordinator } from '../entities/coordinator.ts';
import { LedgerEntry } from '../entities/ledger-entry.ts';
import { ask, type Connection } from '../connection.ts';
import { columnsOf } from './record-history.ts';

/** The last entry of an experiment's chain, if it has one. Whoever appends holds the experiment's lock. */
export async function ledgerHead(db: Connection, experimentId: string): Promise<LedgerHead | undefined> {
  const [last] = await ask<{ entry: number; hash: LedgerHead['head'] }>(
    db,
    'SELECT entry, hash FROM airtune.ledger WHERE experiment_id = $1 ORDER BY entry DESC LIMIT 1',
    [experimentId],
  );
  return last === undefined ? undefined : { entry: last.entry, head: last.hash };
}

/** Appends entries to a chain; a number that is taken is an error, for two chains must never fork. */
export async function appendEntries(db: Connection, entries: readonly Row<LedgerEntry>[]): Promise<void> {
  if (entries.length === 0) return;
  await ask(db, `INSERT INTO airtune.ledger SELECT * FROM json_populate_recordset(NULL::airtune.ledger, $1)`, [
    JSON.stringify(entries.map((entry) => columnsOf(db, LedgerEntry, entry))),
  ]);
}

/** A chain's entries after a number, in order, at most `limit`. */
export async function listEntries(
  db: Connection,
  experimentId: string,
  after: number,
  limit: number,
): Promise<LedgerEntry[]> {
  const entries = db.createQueryBuilder(LedgerEntry, 'l').where('l.experimentId = :experimentId', { experimentId });
  return entries.andWhere('l.entry > :after', { after }).orderBy('l.entry').limit(limit).getMany();
}

/** Whether a chain has an entry of a kind about something of that name. */
export async function hasEntryOf(db: Connection, experimentId: string, kind: string, name: string): Promise<boolean> {
  const found = await db.query<unknown[]>(
    `SELECT 1 FROM airtune.ledger WHERE experiment_id = $1 AND kind = $2 AND covers ->> 'name' = $3 LIMIT 1`,
    [experimentId, kind, name],
  );
  return found.length > 0;
}

/** How many entries of a kind there are. */
export async function countEntriesOf(db: Connection, experimentId: string, kind: string): Promise<number> {
  const [found] = await db.query<{ count: number }[]>(
    'SELECT count(*)::int AS count FROM airtune.ledger WHERE experiment_id = $1 AND kind = $2',
    [experimentId, kind],
  );
  return found?.count ?? 0;
}

/** Makes a key known that is about to sign entries. */
export async function introduceCoordinator(db: Connection, publicKey: string, firstSeenAt: Date): Promise<void> {
  const insert = db.createQueryBuilder().insert().into(Coordinator).values({ publicKey, firstSeenAt });
  await insert.orIgnore().updateEntity(false).execute();
}
