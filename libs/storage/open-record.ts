import pg from 'pg';
import { explainDatabaseError, describeDatabase } from './database-errors.ts';
import { recordDataSource } from './data-source.ts';
import { runningEmbeddedPostgres, startEmbeddedPostgres } from './embedded/embedded-postgres.ts';
import { lockHome } from './home-lock.ts';
import { migrate } from './migrate.ts';
import { ExperimentRecord } from './record.ts';

export interface RecordPlace {
  /** The folder of everything that Airtune keeps, `.airtune/` by default. */
  readonly home: string;
  /** An external server; without one, the embedded server of the home. */
  readonly databaseUrl?: string | undefined;
  /**
   * `exclusive` (default): this process alone works in the home. `shared`: for looking on while another may be working;
   * the home is only locked if its server has to be started.
   */
  readonly access?: 'exclusive' | 'shared';
}

/**
 * Opens the record, with its schema up to date. Close it with `close()`, which stops what was started.
 * Throws StorageError: `storage.home-in-use`, `storage.database-unreachable`, `…-credentials`, `…-missing`,
 * `storage.schema-newer`, `storage.disk-full` and others, each naming cause and cure.
 */
export async function openRecord(place: RecordPlace): Promise<ExperimentRecord> {
  const undo: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const url = await serverFor(place, undo);
    const database = describeDatabase(url);
    const dataSource = recordDataSource(url);
    try {
      await dataSource.initialize();
      undo.push(() => dataSource.destroy());
      await migrate(dataSource, database);
    } catch (error) {
      throw explainDatabaseError(error, database);
    }
    return new ExperimentRecord(dataSource, database, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function serverFor(place: RecordPlace, undo: (() => Promise<void>)[]): Promise<string> {
  const { home, databaseUrl, access = 'exclusive' } = place;
  if (access === 'exclusive') undo.push(await lockHome(home));
  if (databaseUrl !== undefined && databaseUrl !== '') return databaseUrl;
  if (access === 'shared') {
    const running = await runningEmbeddedPostgres(home);
    if (running !== undefined) return databaseOf(running);
    undo.push(await lockHome(home));
  }
  const server = await startEmbeddedPostgres(home);
  undo.push(() => server.stop());
  await createDatabase(server.url);
  return databaseOf(server.url);
}

/** In the embedded server the record has a database of its own. */
const DATABASE = 'airtune';

function databaseOf(url: string): string {
  return Object.assign(new URL(url), { pathname: `/${DATABASE}` }).toString();
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}
