import type { PoolClient } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';

/** What statements run on: the pool, or one transaction of it. */
export type Connection = EntityManager;

/** A transaction's connection, and what its commit need not wait for. */
interface Transaction {
  readonly client: PoolClient;
  readonly underWay: Promise<unknown>[];
}

const transactions = new WeakMap<Connection, Transaction>();

/**
 * Runs a statement, answers its rows. It is sent at once, behind those that are under way: whoever asks for several
 * before waiting for any pays for one journey to the database and back. Once one fails, all that follow it do.
 */
export async function ask<Found>(db: Connection, text: string, values: unknown[] = []): Promise<Found[]> {
  const client = transactions.get(db)?.client;
  if (client === undefined) return askAlone(db, text, values);
  const { rows } = await client.query(text, values);
  return rows as Found[];
}

/** Outside of a transaction: on any connection of the pool. */
async function askAlone<Found>(db: Connection, text: string, values: unknown[]): Promise<Found[]> {
  const runner = db.dataSource.createQueryRunner();
  try {
    const { records } = await runner.query(text, values, true);
    return records as Found[];
  } finally {
    await runner.release();
  }
}

/** Lets a transaction's commit follow a statement at once; the transaction fails if the statement does. */
export function withCommit(db: Connection, statement: Promise<unknown>): void {
  // Whoever commits hears of a failure.
  statement.catch(() => undefined);
  transactions.get(db)?.underWay.push(statement);
}

/** Runs work in a transaction; its beginning is sent together with the first statement, its commit with the last ones. */
export async function transact<T>(dataSource: DataSource, work: (db: Connection) => Promise<T>): Promise<T> {
  const runner = dataSource.createQueryRunner();
  try {
    const client = (await runner.connect()) as PoolClient;
    const underWay: Promise<unknown>[] = [];
    transactions.set(runner.manager, { client, underWay });
    withCommit(runner.manager, client.query('BEGIN'));
    try {
      const result = await work(runner.manager);
      const committed = client.query('COMMIT');
      withCommit(runner.manager, committed);
      await Promise.all(underWay);
      const { command } = await committed;
      if (command !== 'COMMIT') throw new Error(`The transaction was not committed: ${command}`);
      return result;
    } catch (error) {
      await Promise.allSettled([...underWay, client.query('ROLLBACK')]);
      throw await causeOf(error, underWay);
    } finally {
      transactions.delete(runner.manager);
    }
  } finally {
    await runner.release();
  }
}

/** PostgreSQL refuses what follows a failure in the same transaction: the first failure is the one to hear of. */
async function causeOf(error: unknown, underWay: readonly Promise<unknown>[]): Promise<unknown> {
  const REFUSED = '25P02';
  if ((error as { code?: unknown } | null)?.code !== REFUSED) return error;
  for (const outcome of await Promise.allSettled(underWay)) if (outcome.status === 'rejected') return outcome.reason;
  return error;
}
