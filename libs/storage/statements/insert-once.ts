import type { EntityTarget, InsertQueryBuilder, ObjectLiteral } from 'typeorm';
import type { Connection } from '../record.ts';

/** PostgreSQL takes 65,535 parameters a statement; the widest row has fewer than 20. */
const ROWS_A_STATEMENT = 3000;

/** Inserts rows of which those that are there already, by a unique key, change nothing. Answers how many were new. */
export async function insertOnce<Entity extends ObjectLiteral>(
  db: Connection,
  entity: EntityTarget<Entity>,
  rows: readonly Partial<Entity>[],
): Promise<number> {
  let inserted = 0;
  for (let at = 0; at < rows.length; at += ROWS_A_STATEMENT) {
    const values = rows.slice(at, at + ROWS_A_STATEMENT) as Parameters<InsertQueryBuilder<Entity>['values']>[0];
    const insert = db.createQueryBuilder().insert().into(entity).values(values);
    const result = await insert.orIgnore().updateEntity(false).returning('experiment_id').execute();
    inserted += (result.raw as unknown[]).length;
  }
  return inserted;
}
