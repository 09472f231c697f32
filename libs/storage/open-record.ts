import { createHmac } from 'node:crypto';
import pg from 'pg';
import { explainDatabaseError, describeDatabase } from './database-errors.ts';
import { recordDataSource } from './data-source.ts';
import { type EmbeddedPostgres, runningEmbeddedPostgres, startEmbeddedPostgres } from './embedded/embedded-postgres.ts';
import { lockHome } from './home-lock.ts';
import { migrate } from './migrate.ts';
import { ExperimentRecord } from './record.ts';
import { SERVICE_ROLE } from './roles/privileges.ts';
import { prepareServiceRole, refuseTooStrongRole } from './roles/service-role.ts';

export interface RecordPlace {
  /** The folder of everything that Airtune keeps, `.airtune/` by default. */
  readonly home: string;
  /** An external server; without one, the embedded server of the home. */
  readonly databaseUrl?: string | undefined;
  /** Who owns the schema there, where that is not the user of `databaseUrl`: migrations run as the owner. */
  readonly ownerUrl?: string | undefined;
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
    const server = await serverFor(place, undo);
    const { url, ownerUrl } = server;
    const database = describeDatabase(url);
    try {
      await bringUpToDate(ownerUrl, database);
      if (server.embedded) await letServiceRoleIn(ownerUrl);
      const dataSource = await recordDataSource(url, SERVICE_ROLE).initialize();
      undo.push(() => dataSource.destroy());
      await refuseTooStrongRole(dataSource, database);
      return new ExperimentRecord({ dataSource, database, url, close });
    } catch (error) {
      throw explainDatabaseError(error, database);
    }
  } catch (error) {
    await close();
    throw error;
  }
}

/** The embedded server of a home, for services in processes of their own. */
export interface RecordServer extends Pick<EmbeddedPostgres, 'port' | 'pid' | 'ended' | 'stop'> {
  /** What the services connect with. */
  readonly url: string;
}

/**
 * Starts the embedded server of a home, whose lock the caller holds, with its schema up to date and the services' role let
 * in. On a free port, unless one is named.
 */
export async function startRecordServer(home: string, port?: number): Promise<RecordServer> {
  const embedded = await startEmbeddedPostgres(home, port);
  try {
    await createDatabase(embedded.url);
    const { url, ownerUrl } = embeddedServer(embedded.url);
    await bringUpToDate(ownerUrl, describeDatabase(url));
    await letServiceRoleIn(ownerUrl);
    return { port: embedded.port, pid: embedded.pid, ended: embedded.ended, stop: () => embedded.stop(), url };
  } catch (error) {
    await embedded.stop();
    throw explainDatabaseError(error, 'The embedded database');
  }
}

/** What services connect with, and what migrations do. */
interface Server {
  readonly url: string;
  readonly ownerUrl: string;
  readonly embedded: boolean;
}

async function serverFor(place: RecordPlace, undo: (() => Promise<void>)[]): Promise<Server> {
  const { home, databaseUrl, ownerUrl, access = 'exclusive' } = place;
  if (access === 'exclusive') undo.push(await lockHome(home));
  if (databaseUrl !== undefined && databaseUrl !== '')
    return { url: databaseUrl, ownerUrl: ownerUrl ?? databaseUrl, embedded: false };
  if (access === 'shared') {
    const running = await runningEmbeddedPostgres(home);
    if (running !== undefined) return embeddedServer(running);
    undo.push(await lockHome(home));
  }
  const server = await startEmbeddedPostgres(home);
  undo.push(() => server.stop());
  await createDatabase(server.url);
  return embeddedServer(server.url);
}

/** Migrations run as the owner, on connections of their own that end before the services' begin. */
async function bringUpToDate(ownerUrl: string, database: string): Promise<void> {
  const owner = await recordDataSource(ownerUrl).initialize();
  try {
    await migrate(owner, database);
    await prepareServiceRole(owner, database);
  } finally {
    await owner.destroy();
  }
}

/** In the embedded server the record has a database of its own. */
const DATABASE = 'airtune';

function embeddedServer(superuserUrl: string): Server {
  const ownerUrl = Object.assign(new URL(superuserUrl), { pathname: `/${DATABASE}` });
  const { password } = ownerUrl;
  const url = Object.assign(new URL(ownerUrl), { username: SERVICE_ROLE, password: servicePassword(password) });
  return { url: url.toString(), ownerUrl: ownerUrl.toString(), embedded: true };
}

/** From the superuser's, and not the other way round. */
function servicePassword(superuserPassword: string): string {
  return createHmac('sha256', superuserPassword).update(SERVICE_ROLE).digest('base64url');
}

/** In the embedded server services log in as the service role itself: no connection of theirs can become more. */
async function letServiceRoleIn(ownerUrl: string): Promise<void> {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  try {
    const { rows } = await owner.query<{ rolcanlogin: boolean }>(
      'SELECT rolcanlogin FROM pg_roles WHERE rolname = $1',
      [SERVICE_ROLE],
    );
    const password = servicePassword(new URL(ownerUrl).password);
    if (rows[0]?.rolcanlogin !== true) await owner.query(`ALTER ROLE ${SERVICE_ROLE} LOGIN PASSWORD '${password}'`);
  } finally {
    await owner.end();
  }
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
