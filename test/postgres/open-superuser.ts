import pg from 'pg';

/**
 * Who administers the server: triggers are what keeps an owner from changing history, and such a one can switch them off.
 * Names are those of the schema `airtune`.
 */
export async function openSuperuser(databaseUrl: string): Promise<pg.Client> {
  const superuser = new pg.Client({ connectionString: databaseUrl });
  await superuser.connect();
  await superuser.query('SET session_replication_role = replica');
  await superuser.query('SET search_path = airtune');
  return superuser;
}
