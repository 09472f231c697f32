import { canonicalJson } from '#ledger';
import type { Findings } from './audit-report.ts';
import {
  COVERED_TABLES,
  number,
  placeOf,
  text,
  type Columns,
  type CoveredTable,
  type Entry,
  type History,
} from './history.ts';

/** Every row is what its ledger entry covers; none is missing, none is extra. */
export function compareRows(history: History, findings: Findings): void {
  for (const [table, key] of Object.entries(COVERED_TABLES) as [CoveredTable, readonly string[]][]) {
    const covered = history.entries
      .filter(({ kind }) => kind === table)
      .map((entry): Covered => ({ row: entry.covers, entry: entry.entry }));
    compare(table, key, covered, history.rows[table], findings);
  }
  const cohorts = history.entries
    .filter(({ kind }) => kind === 'round.opened')
    .flatMap(({ covers, entry }) => cohortOf(covers).map((row): Covered => ({ row, entry })));
  compare('cohort_member', ['round', 'client'], cohorts, history.rows.cohort_member, findings);
  const scores = history.entries
    .filter(({ kind }) => kind === 'scores.recorded')
    .flatMap(({ covers, entry }) => listIn(covers, 'scores').map((row): Covered => ({ row, entry })));
  compare('score', ['request', 'reward', 'place'], scores, history.rows.score, findings);
  compareSites(history, findings);
  compareRounds(history, findings);
  compareExperiment(history, findings);
}

/** The sites that this experiment let in; others in the table are other experiments'. */
function compareSites({ entries, sites }: History, findings: Findings): void {
  const covered = entries
    .filter(({ kind }) => kind === 'site.admitted')
    .map(({ covers, entry }): Covered => ({ row: covers, entry }));
  const names = new Set(covered.map(({ row }) => text(row, 'name')));
  const rows = sites.filter((row) => names.has(text(row, 'name')));
  compare('site', ['name'], covered, rows, findings);
}

interface Covered {
  readonly row: Columns;
  readonly entry: number;
}

export function cohortOf(opened: Columns): readonly Columns[] {
  return listIn(opened, 'cohort');
}

/** The rows that an entry covers more than one of. */
function listIn(covers: Columns, name: string): readonly Columns[] {
  const list = covers[name];
  return Array.isArray(list) ? (list as Columns[]) : [];
}

function compare(
  table: string,
  key: readonly string[],
  covered: readonly Covered[],
  rows: readonly Columns[],
  findings: Findings,
): void {
  const nameOf = (row: Columns): string => JSON.stringify(key.map((column) => row[column] ?? null));
  const found = new Map(rows.map((row) => [nameOf(row), row]));
  const known = new Set<string>();
  for (const { row: expected, entry } of covered) {
    const name = nameOf(expected);
    known.add(name);
    const row = found.get(name);
    const where = { place: placeOf(table, expected, key), entry, ...roundOf(table, expected) };
    findings.counted.rows += 1;
    if (row === undefined) {
      findings.add({
        code: 'row.missing',
        ...where,
        message: `the ledger has it (entry ${entry}), the table has not: deleted, or its key was changed`,
      });
      continue;
    }
    const changed = differences(expected, row);
    if (changed.length > 0) findings.add({ code: 'row.changed', ...where, message: changed.join('; ') });
  }
  for (const row of rows) {
    if (known.has(nameOf(row))) continue;
    const where = { place: placeOf(table, row, key), ...roundOf(table, row) };
    findings.add({
      code: 'row.extra',
      ...where,
      message: 'no entry of the ledger covers it: it was added, or its key was changed',
    });
  }
}

/** Columns that are generated, or newer than the entry and empty, are not compared. */
function differences(expected: Columns, row: Columns): string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(row)])].sort();
  return names.flatMap((name) => {
    if (name === 'id' && !(name in expected)) return [];
    const before = expected[name] ?? null;
    const after = row[name] ?? null;
    if (canonicalJson(before) === canonicalJson(after)) return [];
    return `${name} is ${brief(after)}, the ledger has ${brief(before)}`;
  });
}

function brief(value: unknown): string {
  const written = JSON.stringify(value);
  return written.length > 100 ? `${written.slice(0, 97)}…` : written;
}

function roundOf(table: string, row: Columns): { round?: number } {
  if (table === 'evaluation') return { round: number(row, 'after_round') + 1 };
  const round = row['round'] ?? row['number'];
  return typeof round === 'number' ? { round } : {};
}

/** Rounds are moved on: the row is what the last entry about it says, but for what is set while it is open. */
function compareRounds({ entries, rows }: History, findings: Findings): void {
  const last = new Map<number, Entry>();
  for (const entry of entries) if (entry.kind.startsWith('round.')) last.set(number(entry.covers, 'number'), entry);
  const found = new Map(rows.round.map((row) => [number(row, 'number'), row]));
  for (const [round, { kind, covers, entry }] of last) {
    const place = `round number=${round}`;
    const row = found.get(round);
    findings.counted.rows += 1;
    if (row === undefined) {
      findings.add({
        code: 'row.missing',
        place,
        entry,
        round,
        message: `the ledger has it (${kind}), the table has not`,
      });
      continue;
    }
    // Cohort and contributions stand in tables of their own; the other two move on while the round lasts.
    const beside = ['cohort', 'contributions', 'times_out_at'];
    const volatile = kind === 'round.opened' ? [...beside, 'answered_at'] : beside;
    const without = (columns: Columns) =>
      Object.fromEntries(Object.entries(columns).filter(([name]) => !volatile.includes(name)));
    const changed = differences(without(covers), without(row));
    if (changed.length > 0) findings.add({ code: 'row.changed', place, entry, round, message: changed.join('; ') });
  }
  for (const [round, row] of found) {
    if (last.has(round) || text(row, 'stage') === 'planned') continue;
    findings.add({
      code: 'row.extra',
      place: `round number=${round}`,
      round,
      message: `it is ${text(row, 'stage')}, and no entry of the ledger says so`,
    });
  }
}

/** What was submitted never changes; state and global model are those of the last entries about them. */
function compareExperiment({ id, experiment, entries }: History, findings: Findings): void {
  const place = `experiment id=${id}`;
  const submitted = entries.find(({ kind }) => kind === 'experiment.submitted');
  if (submitted === undefined) {
    findings.add({ code: 'ledger.no-submission', place, message: 'no entry of the ledger says what was submitted' });
    return;
  }
  const lasting = ['id', 'name', 'method', 'seed', 'rounds', 'spec', 'base', 'submitted_at'];
  const pick = (columns: Columns) => Object.fromEntries(lasting.map((name) => [name, columns[name] ?? null]));
  const changed = differences(pick(submitted.covers), pick(experiment));
  if (changed.length > 0)
    findings.add({ code: 'row.changed', place, entry: submitted.entry, message: changed.join('; ') });
  const closed = entries.findLast(({ kind }) => /^round\.(committed|abandoned|evaluated)$/.test(kind));
  const global =
    closed === undefined ? text(submitted.covers, 'global_digest') : text(closed.covers, 'global_after_digest');
  if (text(experiment, 'global_digest') !== global) {
    findings.add({
      code: 'row.changed',
      place,
      message: `global_digest is ${text(experiment, 'global_digest')}, the ledger's last is ${global}`,
    });
  }
  compareState(experiment, entries, place, findings);
}

const ENDINGS: Readonly<Record<string, string>> = {
  'experiment.finished': 'finished',
  'experiment.failed': 'failed',
  'experiment.cancelled': 'cancelled',
};

function compareState(experiment: Columns, entries: readonly Entry[], place: string, findings: Findings): void {
  const last = entries.findLast(({ kind }) => kind in ENDINGS || kind === 'experiment.resumed');
  const ended = last === undefined ? undefined : ENDINGS[last.kind];
  const state = text(experiment, 'state');
  const agrees = ended === undefined ? ['enrolling', 'running'].includes(state) : state === ended;
  if (agrees) return;
  const expected = ended ?? 'enrolling or running';
  findings.add({ code: 'row.changed', place, message: `state is ${state}, by the ledger it is ${expected}` });
}
