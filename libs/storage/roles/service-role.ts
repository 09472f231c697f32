import type { DataSource, EntityManager } from 'typeorm';
import { SCHEMA_LOCK } from '../migrate.ts';
import { codeOf, messageOf, StorageError } from '../storage-error.ts';
import { changeableHistory, grantStatements, lacksPrivileges, SERVICE_ROLE } from './privileges.ts';

/** Two processes that create the role at the same time; the second finds it there. */
const ALREADY_THERE = ['42710', '23505'];
const NOT_ALLOWED = '42501';

/**
 * Sees, as the schema's owner, that there is a service role, that the owner may become it, and that it has its
 * privileges and no others. Throws `storage.service-role` with what an administrator has to run.
 */
export async function prepareServiceRole(owner: DataSource, database: string): Promise<void> {
  const { exists, settable, user, server } = await lookAtRole(owner.manager);
  await allowed(database, user, async () => {
    if (!exists) await createRole(owner.manager);
    if (!settable) await becomeMember(owner.manager, server);
    if (!(await lacks(owner.manager))) return;
    await owner.transaction(async (db) => {
      // Two processes that grant at the same time fail with "tuple concurrently updated".
      await db.query('SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
      if (await lacks(db)) for (const statement of grantStatements()) await db.query(statement);
    });
  });
}

/** Throws `storage.role-too-strong` when the role in force could change history. */
export async function refuseTooStrongRole(services: DataSource, database: string): Promise<void> {
  const [found] = await services.query<{ role: string; superuser: boolean; tables: string[] }[]>(changeableHistory());
  if (found === undefined) return;
  const { role, superuser, tables } = found;
  if (!superuser && tables.length === 0) return;
  const can = superuser ? 'is a superuser' : `can change ${tables.join(', ')}`;
  throw new StorageError(
    'storage.role-too-strong',
    `${database} would be used as ${role}, which ${can}: history must be out of reach of the services. Let DATABASE_URL name a user that may become ${SERVICE_ROLE} (GRANT ${SERVICE_ROLE} TO …), without an option that sets another role, and revoke UPDATE, DELETE and TRUNCATE on history from ${SERVICE_ROLE}.`,
  );
}

async function lacks(db: EntityManager): Promise<boolean> {
  const [found] = await db.query<{ lacks: boolean }[]>(lacksPrivileges());
  return found?.lacks === true;
}

async function lookAtRole(db: EntityManager) {
  const [found] = await db.query<{ exists: boolean; settable: boolean; user: string; server: number }[]>(
    `SELECT current_user::text AS "user", current_setting('server_version_num')::int AS server,
      EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS exists,
      coalesce((SELECT pg_has_role(current_user, oid,
        CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
        FROM pg_roles WHERE rolname = $1), false) AS settable`,
    [SERVICE_ROLE],
  );
  return found ?? { exists: false, settable: false, user: '', server: 0 };
}

async function createRole(db: EntityManager): Promise<void> {
  await db.query(`CREATE ROLE ${SERVICE_ROLE} NOLOGIN`).catch((error: unknown) => {
    if (!ALREADY_THERE.includes(codeOf(error) ?? '')) throw error;
  });
}

/** From PostgreSQL 16 on, who creates a role administers it, but becomes it only by granting that to himself. */
async function becomeMember(db: EntityManager, server: number): Promise<void> {
  const [found] = await db.query<{ superuser: boolean }[]>(
    'SELECT rolsuper AS superuser FROM pg_roles WHERE rolname = current_user',
  );
  if (found?.superuser === true) return;
  await db.query(`GRANT ${SERVICE_ROLE} TO CURRENT_USER${server >= 160_000 ? ' WITH SET TRUE' : ''}`);
}

async function allowed(database: string, user: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (codeOf(error) !== NOT_ALLOWED) throw error;
    throw new StorageError(
      'storage.service-role',
      `${database} does not let ${user} set up the role that services work as (${messageOf(error)}). Let an administrator run: CREATE ROLE ${SERVICE_ROLE} NOLOGIN; GRANT ${SERVICE_ROLE} TO ${user}; or name the schema's owner by AIRTUNE_DATABASE_OWNER_URL.`,
      { cause: error },
    );
  }
}
