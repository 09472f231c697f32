import type { DataSource } from 'typeorm';
import { type Connection, transact } from './connection.ts';
import { explainDatabaseError } from './database-errors.ts';
import { listen } from './listen.ts';
import { StorageError } from './storage-error.ts';

/** A full disk cannot be asked about; whoever is refused tries again within five seconds, so that no refusal in ten is good news. */
const STILL_FULL_MS = 10_000;

const READ_ONLY = Object.assign(new Error('read-only'), { code: '25006' });

/** The record of all experiments: a PostgreSQL database, opened by `openRecord`. */
export class ExperimentRecord {
  /** The database in words, without credentials. */
  readonly database: string;
  /** With credentials: what another process on this machine needs to work with the same record. */
  readonly url: string;
  readonly #dataSource: DataSource;
  readonly #close: () => Promise<void>;
  #full: { readonly error: StorageError; readonly atMs: number } | undefined;

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

  /** Rejects, naming cause and cure, when the database cannot be written to, or could not a moment ago. */
  async check(): Promise<void> {
    await this.use(async (db) => {
      const [found] = await db.query<{ readOnly: boolean }[]>(
        `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS "readOnly"`,
      );
      if (found?.readOnly === true) throw READ_ONLY;
    });
    if (this.#full !== undefined && performance.now() - this.#full.atMs < STILL_FULL_MS) throw this.#full.error;
  }

  /** Ends all connections, stops an embedded server and gives back the home; safe to call twice. */
  async close(): Promise<void> {
    await this.#close();
  }

  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const explained = explainDatabaseError(error, this.database, 'open');
      if (explained instanceof StorageError && explained.code === 'storage.disk-full')
        this.#full = { error: explained, atMs: performance.now() };
      throw explained;
    }
  }
}
