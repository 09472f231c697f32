import type { DataSource, EntityManager } from 'typeorm';
import { MIGRATION_TABLE, SCHEMA } from './data-source.ts';
import { migrations } from './migrations/catalogue.ts';
import { StorageError } from './storage-error.ts';

/** The oldest release that PostgreSQL still supports. */
const OLDEST_SERVER = 150_000;
/** "airtune" on a telephone's keys: any constant that no one else locks. */
export const SCHEMA_LOCK = 2_478_863;

/**
 * Brings the schema up to date, one process at a time. Throws `storage.schema-newer` when a later Airtune has been here,
 * and `storage.server-too-old` for a PostgreSQL before 15.
 */
export async function migrate(dataSource: DataSource, database: string): Promise<void> {
  const known = new Set(migrations.map(({ name }) => name));
  const applied = await inspect(dataSource.manager, database);
  const unknown = applied.filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new StorageError(
      'storage.schema-newer',
      `${database} was written by a newer Airtune (it knows ${unknown.join(', ')}). Update Airtune, or use another database.`,
    );
  if (applied.length === known.size) return;
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [SCHEMA_LOCK]);
    await runner.query(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`);
    await dataSource.runMigrations({ transaction: 'all' });
  } finally {
    await runner.query('SELECT pg_advisory_unlock($1)', [SCHEMA_LOCK]).catch(() => undefined);
    await runner.release();
  }
}

/** The names of the migrations that have run; none where there is no record yet. */
async function inspect(db: EntityManager, database: string): Promise<readonly string[]> {
  const [server] = await db.query<{ version: number; migrated: boolean }[]>(
    `SELECT current_setting('server_version_num')::int AS version, to_regclass($1) IS NOT NULL AS migrated`,
    [`${SCHEMA}.${MIGRATION_TABLE}`],
  );
  if ((server?.version ?? 0) < OLDEST_SERVER)
    throw new StorageError('storage.server-too-old', `${database} is older than PostgreSQL 15. Update the server.`);
  if (server?.migrated !== true) return [];
  const rows = await db.query<{ name: string }[]>(`SELECT name FROM ${SCHEMA}.${MIGRATION_TABLE} ORDER BY id`);
  return rows.map(({ name }) => name);
}
