import type { EntityTarget, ObjectLiteral } from 'typeorm';
import type { Row } from '../entities/row.ts';
import { Client } from '../entities/client.ts';
import { ClientProfile } from '../entities/client-profile.ts';
import { CohortMember } from '../entities/cohort-member.ts';
import { Contribution } from '../entities/contribution.ts';
import { Evaluation } from '../entities/evaluation.ts';
import { LocalTraining } from '../entities/local-training.ts';
import { RewardPresence } from '../entities/reward-presence.ts';
import { Score } from '../entities/score.ts';
import { StrayUpload } from '../entities/stray-upload.ts';
import { Transmission } from '../entities/transmission.ts';
import { ask, type Connection } from '../connection.ts';

/** A row of history by its table. */
export type HistoryRow =
  | { readonly table: 'client'; readonly row: Row<Client> }
  | { readonly table: 'client_profile'; readonly row: Row<ClientProfile> }
  | { readonly table: 'cohort_member'; readonly row: Row<CohortMember> }
  | { readonly table: 'transmission'; readonly row: Row<Transmission> }
  | { readonly table: 'local_training'; readonly row: Row<LocalTraining> }
  | { readonly table: 'contribution'; readonly row: Omit<Contribution, 'id'> }
  | { readonly table: 'stray_upload'; readonly row: Row<StrayUpload> }
  | { readonly table: 'evaluation'; readonly row: Row<Evaluation> }
  | { readonly table: 'score'; readonly row: Row<Score> }
  | { readonly table: 'reward_presence'; readonly row: Row<RewardPresence> };

/** In the order of their foreign keys: the entity, and the columns that tell its rows within an experiment apart. */
const TABLES: Readonly<
  Record<HistoryRow['table'], { readonly entity: EntityTarget<ObjectLiteral>; readonly key: readonly string[] }>
> = {
  client: { entity: Client, key: ['name'] },
  client_profile: { entity: ClientProfile, key: ['client', 'version'] },
  cohort_member: { entity: CohortMember, key: ['round', 'client'] },
  transmission: { entity: Transmission, key: ['round', 'client', 'direction'] },
  local_training: { entity: LocalTraining, key: ['round', 'client'] },
  contribution: { entity: Contribution, key: ['round', 'client', 'verdict', 'digest', 'reason_code'] },
  stray_upload: { entity: StrayUpload, key: ['round', 'client', 'digest'] },
  evaluation: { entity: Evaluation, key: ['client', 'after_round', 'arm'] },
  score: { entity: Score, key: ['request', 'reward', 'place'] },
  reward_presence: { entity: RewardPresence, key: ['round', 'model', 'digest'] },
};

/** A row as SQL has it: columns by their names, times in ISO 8601. */
export type Columns = Readonly<Record<string, unknown>>;

export interface RecordedRow {
  readonly table: HistoryRow['table'];
  readonly columns: Columns;
}

/**
 * Adds rows to history, one statement a table. Those that are there already, by a unique key, change nothing; answers
 * the new ones, in the order given. One JSON document a table, because a statement takes 65,535 parameters at most.
 */
export async function recordHistory(db: Connection, rows: readonly HistoryRow[]): Promise<readonly RecordedRow[]> {
  const given = rows.map(({ table, row }) => ({ table, columns: columnsOf(db, TABLES[table].entity, row) }));
  const tables = Object.entries(TABLES).map(async ([table, { key }]) => {
    const ofTable = given.filter((row) => row.table === table).map(({ columns }) => columns);
    return ofTable.length > 0 ? insertRows(db, table, key, ofTable) : [];
  });
  const added = new Set((await Promise.all(tables)).flat());
  return given.filter(({ columns }) => added.has(columns));
}

/** The same names and forms as `to_jsonb(table)` gives, but for times, which keep milliseconds and are in UTC. */
export function columnsOf(db: Connection, entity: EntityTarget<ObjectLiteral>, row: object): Columns {
  const values = row as Readonly<Record<string, unknown>>;
  const columns = db.dataSource.getMetadata(entity).columns.filter(({ isGenerated }) => !isGenerated);
  return Object.fromEntries(
    columns.map(({ databaseName, propertyName }) => {
      const value = values[propertyName];
      return [databaseName, value instanceof Date ? value.toISOString() : (value ?? null)];
    }),
  );
}

/** A row as the driver reads it, in the forms of {@link columnsOf}. */
export function asColumns(row: Columns): Columns {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value]),
  );
}

/** Adds rows from one JSON document; answers those of them that were new. */
async function insertRows(
  db: Connection,
  table: string,
  key: readonly string[],
  rows: readonly Columns[],
): Promise<readonly Columns[]> {
  const names = Object.keys(rows[0] ?? {}).join(', ');
  const added = await ask<Columns>(
    db,
    `INSERT INTO airtune.${table} (${names})
      SELECT ${names} FROM json_populate_recordset(NULL::airtune.${table}, $1)
      ON CONFLICT DO NOTHING RETURNING ${key.join(', ')}`,
    [JSON.stringify(rows)],
  );
  const nameOf = (row: Columns): string => JSON.stringify(key.map((column) => row[column] ?? null));
  // Of two with one key in the same batch the first is the one that was added.
  const first = new Map(rows.toReversed().map((row) => [nameOf(row), row] as const));
  return added.map((row) => first.get(nameOf(row))).filter((row) => row !== undefined);
}
