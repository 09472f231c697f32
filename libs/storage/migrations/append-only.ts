/** What the triggers of {@link appendOnly} call; SQLSTATE 23001 is "restrict violation". */
export const REFUSE_CHANGE = `CREATE FUNCTION airtune.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'airtune.% is history: rows are added, never changed, deleted or truncated', TG_TABLE_NAME
      USING ERRCODE = '23001';
  END $$`;

/**
 * Statements that make a table of the schema append-only for everybody, its owner included: whoever wants to change it
 * must first disable the triggers. Which role may insert is said in `roles/privileges.ts`.
 */
export function appendOnly(table: string): readonly string[] {
  return [
    `CREATE TRIGGER ${table}_is_history BEFORE UPDATE OR DELETE ON airtune.${table}
      FOR EACH ROW EXECUTE FUNCTION airtune.refuse_change()`,
    `CREATE TRIGGER ${table}_is_not_truncated BEFORE TRUNCATE ON airtune.${table}
      FOR EACH STATEMENT EXECUTE FUNCTION airtune.refuse_change()`,
  ];
}
