import type { DataSource } from 'typeorm';
import { type Connection, transact } from './connection.ts';
import { explainDatabaseError } from './database-errors.ts';
import { listen } from './listen.ts';

/** The record of all experiments: a PostgreSQL database, opened by `openRecord`. */
export class ExperimentRecord {
  /** The database in words, without credentials. */
  readonly database: string;
  /** With credentials: what another process on this machine needs to work with the same record. */
  readonly url: string;
  readonly #dataSource: DataSource;
  readonly #close: () => Promise<void>;

  constructor(parts: { dataSource: DataSource; database: string; url: string; close: () => Promise<void> }) {
    this.#dataSource = parts.dataSource;
    this.database = parts.database;
    this.url = parts.url;
    this.#close = parts.close;
  }

  /** Runs statements of which all take effect, or none. Errors of the database name cause and cure. */
  async transaction<T>(work: (db: Connection) => Promise<T>): Promise<T> {
    return this.#explained(() => transact(this.#dataSource, work));
  }

  /** Runs statements that stand for themselves. */
  async use<T>(work: (db: Connection) => Promise<T>): Promise<T> {
    return this.#explained(() => work(this.#dataSource.manager));
  }

  /**
   * Hears what NOTIFY says on a channel, such as `airtune_ledger` (payload: an experiment), until the function that it
   * returns is called; an empty payload says that something may have been missed.
   */
  listen(channel: string, hear: (payload: string) => void): Promise<() => Promise<void>> {
    return this.#explained(() => listen(this.url, channel, hear));
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
