import type { DataSource, EntityManager } from 'typeorm';
import { explainDatabaseError } from './database-errors.ts';

/** What statements run on: the pool, or one transaction of it. */
export type Connection = EntityManager;

/** The record of all experiments: a PostgreSQL database, opened by `openRecord`. */
export class ExperimentRecord {
  /** The database in words, without credentials. */
  readonly database: string;
  readonly #dataSource: DataSource;
  readonly #close: () => Promise<void>;

  constructor(dataSource: DataSource, database: string, close: () => Promise<void>) {
    this.#dataSource = dataSource;
    this.database = database;
    this.#close = close;
  }

  /** Runs statements of which all take effect, or none. Errors of the database name cause and cure. */
  async transaction<T>(work: (db: Connection) => Promise<T>): Promise<T> {
    return this.#explained(() => this.#dataSource.transaction(work));
  }

  /** Runs statements that stand for themselves. */
  async use<T>(work: (db: Connection) => Promise<T>): Promise<T> {
    return this.#explained(() => work(this.#dataSource.manager));
  }

  /** Ends all connections, stops an embedded server and gives back the home; safe to call twice. */
  async close(): Promise<void> {
    await this.#close();
  }

  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw explainDatabaseError(error, this.database);
    }
  }
}
