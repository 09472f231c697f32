import type { BaseModel, ExperimentSpec } from '#contracts';
import type { Connection } from '#storage';

/** A row as its ledger entry has it: columns by their names, times in ISO 8601. */
export type Columns = Readonly<Record<string, unknown>>;

/** One entry of the chain, as it is stored. */
export interface Entry {
  readonly entry: number;
  readonly kind: string;
  readonly covers: Columns;
  readonly previous: string;
  readonly hash: string;
  readonly signature: string;
  readonly signedBy: string;
  readonly recordedAt: string;
}

/** Tables whose rows have an entry each, and what tells their rows within an experiment apart. */
export const COVERED_TABLES = {
  client: ['name'],
  client_profile: ['client', 'version'],
  transmission: ['round', 'client', 'direction'],
  local_training: ['round', 'client'],
  contribution: ['round', 'client', 'verdict', 'digest', 'reason_code'],
  stray_upload: ['round', 'client', 'digest'],
  evaluation: ['client', 'after_round', 'arm'],
  reward_presence: ['round', 'model', 'digest'],
} as const;
export type CoveredTable = keyof typeof COVERED_TABLES;

/** All that the record has of an experiment. */
export interface History {
  readonly id: string;
  readonly experiment: Columns;
  readonly spec: ExperimentSpec;
  readonly base: BaseModel;
  readonly entries: readonly Entry[];
  /** When each key that may sign was first seen, by the key. */
  readonly coordinators: ReadonlyMap<string, Date>;
  /** Sites that are let in, to any experiment. */
  readonly sites: readonly Columns[];
  readonly rows: Readonly<Record<CoveredTable | 'cohort_member' | 'score' | 'round', readonly Columns[]>>;
}

/** Reads it all in one snapshot, so that an experiment that is under way is seen at one moment. Runs in a transaction. */
export async function readHistory(db: Connection, id: string): Promise<History | undefined> {
  await db.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  const [experiment] = await rowsOf(db, 'experiment', 'id', id);
  if (experiment === undefined) return undefined;
  const entries = await db.query<(Omit<Entry, 'recordedAt'> & { recordedAt: Date })[]>(
    `SELECT entry, kind, covers, previous, hash, signature, signed_by AS "signedBy", recorded_at AS "recordedAt"
      FROM airtune.ledger WHERE experiment_id = $1 ORDER BY entry`,
    [id],
  );
  const coordinators = await db.query<{ public_key: string; first_seen_at: Date }[]>(
    'SELECT public_key, first_seen_at FROM airtune.coordinator',
  );
  const tables = [...(Object.keys(COVERED_TABLES) as CoveredTable[]), 'cohort_member', 'score', 'round'] as const;
  const rows: Partial<Record<(typeof tables)[number], readonly Columns[]>> = {};
  for (const table of tables) rows[table] = await rowsOf(db, table, 'experiment_id', id);
  return {
    id,
    experiment,
    spec: experiment['spec'] as ExperimentSpec,
    base: experiment['base'] as BaseModel,
    entries: entries.map((entry) => ({ ...entry, recordedAt: entry.recordedAt.toISOString() })),
    coordinators: new Map(coordinators.map((row) => [row.public_key, row.first_seen_at])),
    sites: await rowsOf(db, 'site'),
    rows: rows as History['rows'],
  };
}

async function rowsOf(db: Connection, table: string, key?: string, id?: string): Promise<readonly Columns[]> {
  const which = key === undefined ? '' : `WHERE t.${key} = $1`;
  const rows = await db.query<{ row: Record<string, unknown> }[]>(
    `SELECT to_jsonb(t) AS row FROM airtune.${table} AS t ${which} ORDER BY ctid`,
    id === undefined ? [] : [id],
  );
  return rows.map(({ row }) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, written(name, value)])),
  );
}

const MILLISECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?\+00:00$/;

/** Times as the ledger writes them. One that is finer than a millisecond was not written by Airtune and stays as it is. */
function written(name: string, value: unknown): unknown {
  if (!name.endsWith('_at') || typeof value !== 'string' || !MILLISECONDS.test(value)) return value;
  return new Date(value).toISOString();
}

/** How a row is called in findings. */
export function placeOf(table: string, row: Columns, key: readonly string[]): string {
  const named = key.flatMap((column) => {
    const value = row[column];
    return value === null || value === undefined
      ? []
      : `${column}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
  });
  return [table, ...named].join(' ');
}

export function text(row: Columns, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : '';
}

export function number(row: Columns, column: string): number {
  const value = row[column];
  return typeof value === 'number' ? value : NaN;
}
