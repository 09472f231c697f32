/** The role that services work as; it can log in only in the embedded server. */
export const SERVICE_ROLE = 'airtune_service';

/** Tables whose rows are added and never changed. A new one gets the triggers of `migrations/append-only.ts` too. */
export const HISTORY_TABLES = [
  'client',
  'client_profile',
  'cohort_member',
  'transmission',
  'local_training',
  'contribution',
  'stray_upload',
  'evaluation',
  'score',
  'reward_presence',
  'coordinator',
  'ledger',
  'site',
] as const;

/** Views for who audits with SQL; see docs/audit.md. */
const VIEWS = [
  'who_took_part',
  'what_was_sent',
  'what_was_lost',
  'what_was_refused',
  'airtime_and_energy',
  'accuracy',
  'profile_in_force',
  'what_completions_earned',
];

/** What the service role may do: on history add and read, and no more. */
const PRIVILEGES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(HISTORY_TABLES.map((table) => [table, 'SELECT, INSERT'])),
  ...Object.fromEntries(VIEWS.map((view) => [view, 'SELECT'])),
  experiment: 'SELECT, INSERT, UPDATE',
  round: 'SELECT, INSERT, UPDATE',
  blob_marker: 'SELECT, INSERT',
  roll_call: 'SELECT, INSERT, DELETE',
  outbox: 'SELECT, INSERT, DELETE',
  reward_model: 'SELECT, INSERT, UPDATE',
  dead_letter: 'SELECT, INSERT, UPDATE',
  migration: 'SELECT',
};

/** Gives the service role exactly its privileges, whatever it had before. */
export function grantStatements(): readonly string[] {
  return [
    `GRANT USAGE ON SCHEMA airtune TO ${SERVICE_ROLE}`,
    `REVOKE ALL ON ALL TABLES IN SCHEMA airtune FROM ${SERVICE_ROLE}`,
    ...Object.entries(PRIVILEGES).map(([table, rights]) => `GRANT ${rights} ON airtune.${table} TO ${SERVICE_ROLE}`),
  ];
}

/** True in one row where a table lacks one of its privileges. */
export function lacksPrivileges(): string {
  const each = Object.entries(PRIVILEGES).flatMap(([table, rights]) =>
    rights.split(', ').map((right) => `NOT has_table_privilege('${SERVICE_ROLE}', 'airtune.${table}', '${right}')`),
  );
  return `SELECT ${each.join(' OR ')} AS lacks`;
}

/** The history tables that the role in force could change, and whether it is a superuser. */
export function changeableHistory(): string {
  const tables = HISTORY_TABLES.map((table) => `('${table}')`).join(', ');
  return `SELECT current_user::text AS role, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
    (SELECT coalesce(json_agg(name), '[]') FROM (VALUES ${tables}) AS history (name)
      WHERE has_any_column_privilege('airtune.' || name, 'UPDATE')
        OR has_table_privilege('airtune.' || name, 'DELETE, TRUNCATE')) AS tables`;
}
